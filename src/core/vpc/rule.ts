/**
 * The one normaliser of security group rules. The lab's fabric and the agent's local judgement render it to nftables
 * each in their own way, so that a bug in one shows as a difference between the two.
 */
import { type Prefix4, type Prefix6, isPrefix4, parsePrefixLoosely } from '../address/prefix.ts';
import type { SecurityGroupRule } from './model.ts';

/** What a rule matches of a packet beside its peer. */
export type Match =
  | { readonly kind: 'any' }
  /** All of one protocol, whatever its ports. */
  | { readonly kind: 'protocol'; readonly protocol: number }
  | { readonly kind: 'ports'; readonly protocol: 6 | 17; readonly from: number; readonly to: number }
  /** `null` is "any". */
  | { readonly kind: 'icmp'; readonly type: number | null; readonly code: number | null }
  | { readonly kind: 'icmpv6'; readonly type: number | null; readonly code: number | null };

export type Peer =
  | { readonly kind: 'cidr4'; readonly prefix: Prefix4 }
  | { readonly kind: 'cidr6'; readonly prefix: Prefix6 }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'prefixList'; readonly prefixList: string };

export interface NormalRule {
  readonly id: string;
  readonly direction: 'ingress' | 'egress';
  readonly match: Match;
  readonly peer: Peer;
}

const protocolNumbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 };

/**
 * A rule that cannot be read gives `undefined`: it matches nothing (fail closed), and the caller reports it.
 * EC2’s reading of ports and protocols, from its API reference (a number other than 6, 17, 1 and 58 means all
 * ports whatever is given; ICMP type −1 is any type).
 */
export function normaliseRule(rule: SecurityGroupRule): NormalRule | undefined {
  const match = matchOf(rule);
  const peer = peerOf(rule);
  if (match === undefined || peer === undefined) return undefined;
  return { id: rule.id, direction: rule.direction, match, peer };
}

function matchOf(rule: SecurityGroupRule): Match | undefined {
  const name = rule.protocol.toLowerCase();
  if (name === '-1' || name === 'all') return { kind: 'any' };
  const protocol = protocolNumbers[name] ?? (/^\d{1,3}$/.test(name) ? Number(name) : undefined);
  if (protocol === undefined || protocol > 255) return undefined;
  if (protocol === 1 || protocol === 58) {
    const any = (value: number | undefined): number | null => (value === undefined || value < 0 ? null : value);
    return { kind: protocol === 1 ? 'icmp' : 'icmpv6', type: any(rule.fromPort), code: any(rule.toPort) };
  }
  if (protocol !== 6 && protocol !== 17) return { kind: 'protocol', protocol };
  const from = rule.fromPort;
  const to = rule.toPort;
  if (from === undefined || to === undefined) return undefined;
  if (from < 0) return { kind: 'protocol', protocol };
  if (from > to || to > 65_535) return undefined;
  return { kind: 'ports', protocol, from, to };
}

function peerOf({ peer }: SecurityGroupRule): Peer | undefined {
  switch (peer.kind) {
    case 'group':
      return { kind: 'group', group: peer.group };
    case 'prefixList':
      return { kind: 'prefixList', prefixList: peer.prefixList };
    case 'cidr': {
      const parsed = parsePrefixLoosely(peer.cidr);
      if (!parsed.ok) return undefined;
      return isPrefix4(parsed.value)
        ? { kind: 'cidr4', prefix: parsed.value }
        : { kind: 'cidr6', prefix: parsed.value };
    }
  }
}
