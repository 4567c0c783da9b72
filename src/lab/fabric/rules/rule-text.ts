/**
 * A normalised security group rule as lines of nft. Deliberately not the agent's renderer: what both got wrong in the
 * same way no comparison would show.
 */
import { formatPrefix } from '../../../core/address/prefix.ts';
import type { Match, NormalRule, Peer } from '../../../core/vpc/rule.ts';
import { memberSet, prefixListSet, type Version } from '../names.ts';

/** What rules can refer to: a reference to anything else is stale and matches nothing. */
export interface Known {
  /** Names of sets of members and of prefix lists. */
  readonly sets: ReadonlySet<string>;
}

/**
 * An egress rule hands the packet on to the target's side, an ingress rule lets it through. One line for each address
 * family that the rule can match here; none for a stale reference.
 */
export function ruleTexts({ direction, match, peer }: NormalRule, known: Known): readonly string[] {
  return ([4, 6] as const).flatMap((version) => {
    const far = peerText({ field: `${header[version]} ${direction === 'egress' ? 'daddr' : 'saddr'}`, version }, peer);
    const what = matchText(match, version);
    if (far === undefined || what === undefined || !knows(known, far)) return [];
    return [[what, far, direction === 'egress' ? 'goto target' : 'accept'].filter(Boolean).join(' ')];
  });
}

const header = { 4: 'ip', 6: 'ip6' } as const;

const knows = ({ sets }: Known, text: string): boolean => {
  const name = /@(\w+)/.exec(text)?.[1];
  return name === undefined || sets.has(name);
};

/** undefined for the other family's. */
function peerText({ field, version }: { readonly field: string; readonly version: Version }, peer: Peer) {
  switch (peer.kind) {
    case 'cidr4':
    case 'cidr6':
      if ((peer.kind === 'cidr4') !== (version === 4)) return undefined;
      return peer.prefix.length === 0 ? familyText(version) : `${field} ${formatPrefix(peer.prefix)}`;
    case 'group':
      return `${field} @${memberSet(peer.group, version)}`;
    case 'prefixList':
      return `${field} @${prefixListSet(peer.prefixList, version)}`;
  }
}

export const familyText = (version: Version): string => `meta nfproto ipv${version}`;
export const portsText = (protocol: number, from: number, to: number): string =>
  `meta l4proto ${protocol} th dport ${from}-${to}`;

function matchText(match: Match, version: Version): string | undefined {
  switch (match.kind) {
    case 'any':
      return '';
    case 'protocol':
      return `meta l4proto ${match.protocol}`;
    case 'ports':
      return portsText(match.protocol, match.from, match.to);
    case 'icmp':
    case 'icmpv6': {
      if ((match.kind === 'icmp') !== (version === 4)) return undefined;
      const fields = [
        ...(match.type === null ? [] : [`${match.kind} type ${match.type}`]),
        ...(match.code === null ? [] : [`${match.kind} code ${match.code}`]),
      ];
      return fields.length === 0 ? `meta l4proto ${match.kind === 'icmp' ? 1 : 58}` : fields.join(' ');
    }
  }
}
