/**
 * A normalised security group rule as one line of nft. The fabric has its own renderer, deliberately: what both get
 * wrong in the same way no comparison would show.
 */
import { disjoint } from '../../core/address/prefix-space.ts';
import { formatPrefix, isPrefix4, type Prefix } from '../../core/address/prefix.ts';
import type { Match, NormalRule, Peer } from '../../core/vpc/rule.ts';
import type { FamilyWords } from './family.ts';

/** Set names must not have hyphens. */
export const memberSet = (group: string): string => `m_${group.replaceAll('-', '_')}`;

/** What a peer may refer to. */
export interface Peers {
  readonly words: FamilyWords;
  /** Whether the group has members on this node. */
  hasMembers(group: string): boolean;
  /** Of both families; none for a list that is not known. */
  entries(prefixList: string): readonly Prefix[];
}

/**
 * The rule with `return`: a side that finds a match has nothing against the packet, and the other side is asked next.
 * undefined when it can match nothing here: a group without members on this node, another address family, a prefix
 * list that is empty or not known.
 */
export function ruleText(rule: NormalRule, peers: Peers): string | undefined {
  const peer = peerText(rule.direction === 'ingress' ? 'saddr' : 'daddr', rule.peer, peers);
  const match = matchText(rule.match, peers.words);
  if (peer === undefined || match === undefined) return undefined;
  return [peer, match, 'return'].filter((part) => part !== '').join(' ');
}

function peerText(side: 'saddr' | 'daddr', peer: Peer, peers: Peers): string | undefined {
  const { words } = peers;
  const isOurs = (range: Prefix): boolean => isPrefix4(range) === (words.ip === 'ip');
  switch (peer.kind) {
    case 'cidr4':
    case 'cidr6':
      if (!isOurs(peer.prefix)) return undefined;
      return peer.prefix.length === 0
        ? `meta nfproto ${words.nfproto}`
        : `${words.ip} ${side} ${formatPrefix(peer.prefix)}`;
    case 'group':
      return peers.hasMembers(peer.group) ? `${words.ip} ${side} @${memberSet(peer.group)}` : undefined;
    case 'prefixList': {
      const ranges = disjoint(peers.entries(peer.prefixList).filter(isOurs));
      return ranges.length === 0 ? undefined : `${words.ip} ${side} { ${ranges.map(formatPrefix).join(', ')} }`;
    }
  }
}

function matchText(match: Match, words: FamilyWords): string | undefined {
  switch (match.kind) {
    case 'any':
      return '';
    case 'protocol':
      return `meta l4proto ${match.protocol}`;
    case 'ports':
      return `${match.protocol === 6 ? 'tcp' : 'udp'} dport ${match.from === match.to ? match.from : `${match.from}-${match.to}`}`;
    case 'icmp':
    case 'icmpv6': {
      if (match.kind !== words.icmp) return undefined;
      const type = match.type === null ? `meta l4proto ${words.icmpNumber}` : `${words.icmp} type ${match.type}`;
      return match.code === null ? type : `${type} ${words.icmp} code ${match.code}`;
    }
  }
}
