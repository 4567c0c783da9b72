/**
 * The judgement as the text of one nft transaction. Table and chains are replaced whole, in one step without a gap;
 * pods come and go by elements alone. Which way packets take, and as whom, stands in `ways.ts`, in the same table.
 * Each hook and each expression is paid for by every packet (a hook takes about a hundredth of its way), so there are as
 * few hooks as can be, and packets of established connections leave by the first rule.
 *
 *   prerouting   drops what a pod sends under another address than its own
 *   postrouting  towards a pod, after DNAT and masquerade, as the wire would see it  ─┐
 *   input        towards the node                                                    ─┴→ both sides' chains, for new connections
 *   arriving     an interface of pods with groups carries nothing to others
 *   leaving      pods with groups leave by their own interface, where EC2 judges them, or under the node's address, where
 *                it does not: then their own side is judged here
 */
import { nft } from '../../core/names.ts';
import { type Element, elementText } from './elements.ts';
import { chain, veths } from './chain.ts';
import type { FamilyWords } from './family.ts';
import type { Judgement, SetChains } from './plan-judgement.ts';
import { renderWays } from './ways.ts';

const sets = ({ address }: FamilyWords): readonly string[] => [
  // A pod's link and its address.
  `set pods { type ifname . ${address}; }`,
  // Pods with groups of their own.
  `set grouped { type ${address}; }`,
  // An interface's link and the pods' addresses on it: what came in so, EC2 has judged.
  `set delivered { type ifname . ${address}; }`,
  'set group_links { type ifname; }',
  // The node's first interface.
  'set node_links { type ifname; }',
  // Plain pods of the node's further interfaces.
  `set aside { type ${address}; }`,
  // A pod with groups and itself.
  `set selves { type ${address} . ${address}; }`,
  `set probes { type ${address} . inet_proto . inet_service; }`,
  `map egress { type ${address} : verdict; }`,
  `map ingress { type ${address} : verdict; }`,
];

/** Table and chains without elements: as long as it stays the same, elements are all that changes. */
export function renderStructure(judgement: Judgement): string {
  const table = `${nft.family} ${nft.table}`;
  const { words } = judgement;
  const { ip } = words;
  return [
    // Adding first makes the deletion safe where there is none yet.
    `add table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    ...sets(words),
    ...judgement.memberSets.map((name) => `set ${name} { type ${words.address}; }`),
    ...judgement.chains.flatMap(setChains),
    ...renderWays(judgement),
    ...chain('prerouting', 'type filter hook prerouting priority raw; policy accept;', [
      `iifname != ${veths} accept`,
      `iifname . ${ip} saddr @pods accept`,
      // Whatever else. One address family a cluster: link-local addresses of the other would be a way around every rule.
      // Of IPv6 that is a pod's own link-local address, too: its neighbour is permanent, so it has nothing to say under it.
      'drop',
    ]),
    ...chain('arriving', '', [
      // Neighbour and listener discovery of the node itself bear the device as if they had come in by it; of what is
      // forwarded nothing has this hop limit, and nothing goes to this range.
      'ip6 hoplimit 255 return',
      'ip6 daddr ff02::/16 return',
      `meta nfproto ${words.otherNfproto} drop`,
      `iifname . ${ip} daddr != @delivered drop`,
      // A NodePort or hostPort on the interface's own address: EC2 judged another port than the pod's.
      'ct status dnat drop',
    ]),
    ...chain('judge', '', [
      // `iif 0`: made by the node itself and not masqueraded for somebody else.
      `iif 0 ${ip} daddr . meta l4proto . th dport @probes accept`,
      `iifname . ${ip} daddr @delivered accept`,
      // Through a service whose endpoint it is itself: masqueraded, and nobody else's concern.
      `ct original ${ip} saddr . ${ip} daddr @selves accept`,
      `${ip} saddr vmap @egress`,
      // Behind a masquerade the sender still is who it was: else a NodePort of its own node would be a pod's way out.
      `ct original ${ip} saddr vmap @egress`,
      `${ip} daddr vmap @ingress`,
      'accept',
    ]),
    ...chain('leaving', '', [
      `${ip} saddr @grouped oifname . ${ip} saddr @delivered accept`,
      `${ip} saddr @grouped drop`,
      `ct original ${ip} saddr != @grouped accept`,
      `ct original ${ip} saddr vmap @egress`,
    ]),
    ...chain('postrouting', `type filter hook postrouting priority ${nft.postroutingPriority}; policy accept;`, [
      'ct state established,related accept',
      'iifname @group_links jump arriving',
      `oifname != ${veths} goto leaving`,
      `meta nfproto ${words.otherNfproto} drop`,
      `${ip} saddr @grouped goto judge`,
      `${ip} daddr @grouped goto judge`,
      `ct original ${ip} saddr @grouped goto judge`,
    ]),
    ...chain('judge_node', '', [
      // Services that the node offers to its pods, such as a DNS cache.
      ...(ip === 'ip' ? ['ip daddr 169.254.0.0/16 accept'] : []),
      `${ip} saddr vmap @egress`,
      'goto i_node',
    ]),
    ...chain('input', `type filter hook input priority ${nft.inputPriority}; policy accept;`, [
      'ct state established,related accept',
      // What ARP is for IPv4: the interface must find its router, and be found by it.
      ...(ip === 'ip' ? [] : [`iifname @group_links icmpv6 type { ${discovery.join(', ')} } accept`]),
      'iifname @group_links drop',
      `iifname ${veths} ${ip} saddr @grouped goto judge_node`,
    ]),
    '}',
    '',
  ].join('\n');
}

const discovery = ['nd-neighbor-solicit', 'nd-neighbor-advert', 'nd-router-advert'];

/** The elements as further lines of the same transaction. */
export function renderElements(elements: readonly Element[]): string {
  const bySet = Map.groupBy(elements, ({ set }) => set);
  return [...bySet]
    .map(([set, own]) => `add element ${nft.family} ${nft.table} ${set} { ${own.map(elementText).join(', ')} }\n`)
    .join('');
}

const setChains = ({ key, egress, ingress }: SetChains): readonly string[] => [
  ...chain(`e_${key}`, '', [...egress, 'drop']),
  ...chain(`i_${key}`, '', [...ingress, 'drop']),
];
