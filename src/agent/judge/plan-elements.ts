/** The elements of the judgement's sets and maps: what the node and what each pod adds. Pure. */
import { ip } from '../../core/address/ip.ts';
import { setKey } from '../../core/groups/set-key.ts';
import type { InterfaceRecord, NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { Attachment } from '../journal/journal.ts';
import { isBranchLinkName } from '../wire/names.ts';
import type { Element } from './elements.ts';
import { addressPart } from './family.ts';
import { memberSet } from './rule-text.ts';

/** Key of the set of the node and its plain pods. */
export const NODE_SET = 'node';

const address = (set: string, text: string, verdict?: Element['verdict']): Element => ({
  set,
  key: [addressPart(ip(text))],
  ...(verdict === undefined ? {} : { verdict }),
});

export interface NodeView {
  readonly spec: NodeNetworkSpec;
  /** The node's own interface. */
  readonly first: InterfaceRecord | undefined;
  /** Sorted. */
  readonly nodeGroups: readonly string[];
  /** Names of the links of the record's interfaces and of branches' devices, by interface id. */
  readonly links: ReadonlyMap<string, string>;
}

export function nodeElements({ spec, first, links }: NodeView): readonly Element[] {
  const elements: Element[] = [];
  if (first !== undefined) {
    elements.push(address('egress', first.primaryAddress, { jump: `e_${NODE_SET}` }));
    for (const group of first.groups) elements.push(address(memberSet(group), first.primaryAddress));
    const link = links.get(first.id);
    if (link !== undefined) elements.push({ set: 'node_links', key: [{ type: 'ifname', value: link }] });
  }
  for (const record of spec.interfaces) {
    if (record.purpose === 'node') continue;
    // A process of the node that binds it speaks as nobody: neither as the pods' groups nor as the node's.
    elements.push(address('egress', record.primaryAddress, 'drop'));
    const link = links.get(record.id);
    if (link !== undefined) elements.push(groupLink(link));
  }
  // Also of branches that the record knows no more: pods may still hold them.
  return [...elements, ...[...links.values()].filter(isBranchLinkName).map(groupLink)];
}

const groupLink = (value: string): Element => ({ set: 'group_links', key: [{ type: 'ifname', value }] });

export function podElements(attachment: Attachment, { spec, first, nodeGroups, links }: NodeView): readonly Element[] {
  const own = addressPart(attachment.address);
  const set = currentSet(attachment, spec);
  const key = set?.key ?? NODE_SET;
  const elements: Element[] = [
    { set: 'pods', key: [{ type: 'ifname', value: attachment.hostLink }, own] },
    { set: 'egress', key: [own], verdict: { jump: `e_${key}` } },
    { set: 'ingress', key: [own], verdict: { jump: `i_${key}` } },
    ...(set?.groups ?? nodeGroups).map((group) => ({ set: memberSet(group), key: [own] })),
  ];
  if (set === undefined) {
    if (attachment.interfaceId !== first?.id) elements.push({ set: 'aside', key: [own] });
    return elements;
  }
  elements.push({ set: 'grouped', key: [own] }, { set: 'selves', key: [own, own] });
  const link = links.get(attachment.interfaceId);
  if (link !== undefined) elements.push({ set: 'delivered', key: [{ type: 'ifname', value: link }, own] });
  for (const { protocol, port } of attachment.probePorts) {
    elements.push({ set: 'probes', key: [own, { type: 'protocol', value: protocol }, { type: 'port', value: port }] });
  }
  return elements;
}

/** A shared interface that is given other groups takes its running pods with it: the record names them in the new set. */
function currentSet(attachment: Attachment, spec: NodeNetworkSpec): Attachment['set'] {
  if (attachment.set === undefined) return undefined;
  const named = spec.sets.find((set) => set.pods.includes(attachment.pod.uid));
  return named === undefined ? attachment.set : { key: setKey(named.groups), groups: named.groups };
}
