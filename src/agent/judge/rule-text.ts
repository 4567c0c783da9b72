/**
 * A normalised security group rule as one line of nft. The fabric has its own renderer, deliberately: what both get
 * wrong in the same way no comparison would show.
 */
import { formatPrefix4 } from '../../core/address/prefix.ts';
import type { Match, NormalRule, Peer } from '../../core/vpc/rule.ts';

/** Set names must not have hyphens. */
export const memberSet = (group: string): string => `m_${group.replaceAll('-', '_')}`;

/**
 * The rule with `return`: a side that finds a match has nothing against the packet, and the other side is asked next.
 * undefined when it can match nothing here: a group without members on this node, another address family, a prefix
 * list (whose entries the records do not carry).
 */
export function ruleText(rule: NormalRule, hasMembers: (group: string) => boolean): string | undefined {
  const peer = peerText(rule.direction === 'ingress' ? 'saddr' : 'daddr', rule.peer, hasMembers);
  if (peer === undefined) return undefined;
  return [peer, matchText(rule.match), 'return'].filter((part) => part !== '').join(' ');
}

function peerText(side: 'saddr' | 'daddr', peer: Peer, hasMembers: (group: string) => boolean): string | undefined {
  switch (peer.kind) {
    case 'cidr4':
      return peer.prefix.length === 0 ? 'meta nfproto ipv4' : `ip ${side} ${formatPrefix4(peer.prefix)}`;
    case 'group':
      return hasMembers(peer.group) ? `ip ${side} @${memberSet(peer.group)}` : undefined;
    case 'cidr6':
    case 'prefixList':
      return undefined;
  }
}

function matchText(match: Match): string {
  switch (match.kind) {
    case 'any':
      return '';
    case 'protocol':
      return `meta l4proto ${match.protocol}`;
    case 'icmpv6':
      // All of it: rules are written for IPv4 only, where no packet is ICMPv6.
      return 'meta l4proto 58';
    case 'ports':
      return `${match.protocol === 6 ? 'tcp' : 'udp'} dport ${match.from === match.to ? match.from : `${match.from}-${match.to}`}`;
    case 'icmp': {
      const type = match.type === null ? 'meta l4proto 1' : `icmp type ${match.type}`;
      return match.code === null ? type : `${type} icmp code ${match.code}`;
    }
  }
}
