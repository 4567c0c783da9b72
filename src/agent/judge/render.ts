/**
 * The judgement as the text of one nft transaction. Table and chains are replaced whole, in one step without a gap;
 * pods come and go by elements alone.
 *
 *   prerouting   drops what a pod sends under another address than its own
 *   forward      pods with groups leave by their own interface, which carries nothing else
 *   postrouting  towards a pod, after DNAT and masquerade, as the wire would see it  ─┐
 *   input        towards the node                                                    ─┴→ both sides' chains, for new connections
 */
import { links, nft } from '../../core/names.ts';
import { type Element, elementText } from './elements.ts';
import type { Judgement, SetChains } from './plan-judgement.ts';

const veths = `"${links.hostVethPrefix}*"`;

const sets = [
  // A pod's link and its address.
  'set pods { type ifname . ipv4_addr; }',
  // Pods with groups of their own.
  'set grouped { type ipv4_addr; }',
  // An interface's link and the pods' addresses on it: what came in so, EC2 has judged.
  'set delivered { type ifname . ipv4_addr; }',
  'set group_links { type ifname; }',
  'set probes { type ipv4_addr . inet_proto . inet_service; }',
  'map egress { type ipv4_addr : verdict; }',
  'map ingress { type ipv4_addr : verdict; }',
];

/** Table and chains without elements: as long as it stays the same, elements are all that changes. */
export function renderStructure(judgement: Judgement): string {
  const table = `${nft.family} ${nft.table}`;
  return [
    // Adding first makes the deletion safe where there is none yet.
    `add table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    ...sets,
    ...judgement.memberSets.map((name) => `set ${name} { type ipv4_addr; }`),
    ...judgement.chains.flatMap(setChains),
    ...chain('prerouting', 'type filter hook prerouting priority raw; policy accept;', [
      // One address family a cluster: link-local IPv6 would be a way around every rule.
      `iifname ${veths} meta nfproto ipv6 drop`,
      `iifname ${veths} iifname . ip saddr != @pods drop`,
    ]),
    ...chain('forward', 'type filter hook forward priority filter; policy accept;', [
      'ct state established,related accept',
      'iifname @group_links iifname . ip daddr != @delivered drop',
      // A NodePort or hostPort on the interface's own address: EC2 judged another port than the pod's.
      'iifname @group_links ct status dnat drop',
      `oifname != ${veths} ip saddr @grouped oifname . ip saddr != @delivered drop`,
    ]),
    ...chain('judge', '', [
      // `iif 0`: made by the node itself and not masqueraded for somebody else.
      'iif 0 ip daddr . meta l4proto . th dport @probes accept',
      'iifname . ip daddr @delivered accept',
      'ip saddr vmap @egress',
      // Behind a masquerade the sender still is who it was: else a NodePort of its own node would be a pod's way out.
      'ct original ip saddr vmap @egress',
      'ip daddr vmap @ingress',
      'accept',
    ]),
    ...chain('postrouting', `type filter hook postrouting priority ${nft.postroutingPriority}; policy accept;`, [
      `oifname != ${veths} accept`,
      'meta nfproto ipv6 drop',
      'ct state established,related accept',
      'ip saddr @grouped goto judge',
      'ip daddr @grouped goto judge',
      'ct original ip saddr @grouped goto judge',
    ]),
    ...chain('judge_node', '', [
      // Services that the node offers to its pods, such as a DNS cache.
      'ip daddr 169.254.0.0/16 accept',
      'ip saddr vmap @egress',
      'goto i_node',
    ]),
    ...chain('input', `type filter hook input priority ${nft.inputPriority}; policy accept;`, [
      'ct state established,related accept',
      'iifname @group_links drop',
      `iifname ${veths} ip saddr @grouped goto judge_node`,
    ]),
    '}',
    '',
  ].join('\n');
}

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

const chain = (name: string, hook: string, rules: readonly string[]): readonly string[] => [
  `chain ${name} {`,
  ...(hook === '' ? [] : [hook]),
  ...rules,
  '}',
];
