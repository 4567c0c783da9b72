/**
 * A normalised security group rule as one line of nft. Deliberately not the agent's renderer: what both got wrong in
 * the same way no comparison would show.
 */
import { formatPrefix4 } from '../../../core/address/prefix.ts';
import type { Match, NormalRule, Peer } from '../../../core/vpc/rule.ts';
import { memberSet, prefixListSet } from '../names.ts';

/** What rules can refer to; a reference to anything else is stale and matches nothing. */
export interface Known {
  readonly groups: ReadonlySet<string>;
  readonly prefixLists: ReadonlySet<string>;
}

/**
 * An egress rule hands the packet on to the target's side, an ingress rule lets it through. undefined for a rule that
 * matches nothing here: a stale reference, or a range of the other address family.
 */
export function ruleText({ direction, match, peer }: NormalRule, known: Known): string | undefined {
  const far = peerText(direction === 'egress' ? 'ip daddr' : 'ip saddr', peer, known);
  const what = matchText(match);
  if (far === undefined || what === undefined) return undefined;
  return [what, far, direction === 'egress' ? 'goto target' : 'accept'].filter(Boolean).join(' ');
}

function peerText(field: string, peer: Peer, known: Known): string | undefined {
  switch (peer.kind) {
    case 'cidr4':
      return peer.prefix.length === 0 ? 'meta nfproto ipv4' : `${field} ${formatPrefix4(peer.prefix)}`;
    case 'cidr6':
      return undefined;
    case 'group':
      return known.groups.has(peer.group) ? `${field} @${memberSet(peer.group)}` : undefined;
    case 'prefixList':
      return known.prefixLists.has(peer.prefixList) ? `${field} @${prefixListSet(peer.prefixList)}` : undefined;
  }
}

function matchText(match: Match): string | undefined {
  switch (match.kind) {
    case 'any':
      return '';
    case 'protocol':
      return `meta l4proto ${match.protocol}`;
    case 'ports':
      return `meta l4proto ${match.protocol} th dport ${match.from}-${match.to}`;
    case 'icmpv6':
      return undefined;
    case 'icmp': {
      const fields = [
        ...(match.type === null ? [] : [`icmp type ${match.type}`]),
        ...(match.code === null ? [] : [`icmp code ${match.code}`]),
      ];
      return fields.length === 0 ? 'meta l4proto 1' : fields.join(' ');
    }
  }
}
