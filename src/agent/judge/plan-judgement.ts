/**
 * The judgement as data: which chains there are, and which elements each pod adds. Pure; `judgement.ts` makes the kernel
 * agree. It must never let through what EC2 would not, were the two ends on two nodes; when it lacks a fact, it drops.
 */
import { ipv4 } from '../../core/address/ipv4.ts';
import { setKey, sortedGroups } from '../../core/groups/set-key.ts';
import type { InterfaceRecord, NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import { normaliseRule } from '../../core/vpc/rule.ts';
import type { Attachment } from '../journal/journal.ts';
import type { Element } from './elements.ts';
import { memberSet, ruleText } from './rule-text.ts';

export interface JudgementInput {
  readonly spec: NodeNetworkSpec;
  readonly securityGroups: readonly SecurityGroupRecord[];
  /** All that hold an address, wired or about to be. */
  readonly attachments: readonly Attachment[];
  /** Names of the links of the record's interfaces, by interface id. */
  readonly links: ReadonlyMap<string, string>;
}

/** Chains of one set of groups: what its pods may send and what may reach them. */
export interface SetChains {
  readonly key: string;
  readonly egress: readonly string[];
  readonly ingress: readonly string[];
}

export interface Judgement {
  /** One for each set, and one whose key is `node` for the node and its plain pods. */
  readonly chains: readonly SetChains[];
  readonly memberSets: readonly string[];
  /** Of the node itself. */
  readonly base: readonly Element[];
  /** What one attachment adds. */
  elementsOf(attachment: Attachment): readonly Element[];
}

export const NODE_SET = 'node';

export function planJudgement({ spec, securityGroups, attachments, links }: JudgementInput): Judgement {
  const first = spec.interfaces.find((record) => record.mac === spec.instance.primaryMac);
  const nodeGroups = sortedGroups(first?.groups ?? []);
  const sets = new Map<string, readonly string[]>([[NODE_SET, nodeGroups]]);
  // A pod's set may have left the record while the pod still runs: it keeps its groups until it is gone.
  for (const { set } of attachments) if (set !== undefined) sets.set(set.key, set.groups);
  for (const { groups } of spec.sets) sets.set(setKey(groups), groups);
  const members = sortedGroups([...sets.values()].flat());
  const rules = securityGroups.flatMap(({ metadata, spec: { rules: own } }) =>
    own.map(normaliseRule).flatMap((rule) => (rule === undefined ? [] : [{ group: metadata.name, rule }])),
  );
  const lines = (groups: readonly string[], direction: 'ingress' | 'egress'): readonly string[] => {
    const texts = rules
      .filter(({ group, rule }) => rule.direction === direction && groups.includes(group))
      .map(({ rule }) => ruleText(rule, (group) => members.includes(group)));
    return [...new Set(texts)].filter((text) => text !== undefined).sort();
  };
  return {
    chains: [...sets]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, groups]) => ({ key, egress: lines(groups, 'egress'), ingress: lines(groups, 'ingress') })),
    memberSets: members.map(memberSet),
    base: baseElements(spec, first, links),
    elementsOf: (attachment) => attachmentElements(attachment, spec, nodeGroups, links),
  };
}

const address = (set: string, text: string, verdict?: Element['verdict']): Element => ({
  set,
  key: [{ type: 'ipv4', value: ipv4(text) }],
  ...(verdict === undefined ? {} : { verdict }),
});

function baseElements(
  spec: NodeNetworkSpec,
  first: InterfaceRecord | undefined,
  links: ReadonlyMap<string, string>,
): readonly Element[] {
  const elements: Element[] = [];
  if (first !== undefined) {
    elements.push(address('egress', first.primaryAddress, { jump: `e_${NODE_SET}` }));
    for (const group of first.groups) elements.push(address(memberSet(group), first.primaryAddress));
  }
  for (const record of spec.interfaces) {
    if (record.purpose !== 'groups') continue;
    // A process of the node that binds it speaks as nobody: neither as the pods' groups nor as the node's.
    elements.push(address('egress', record.primaryAddress, 'drop'));
    const link = links.get(record.id);
    if (link !== undefined) elements.push({ set: 'group_links', key: [{ type: 'ifname', value: link }] });
  }
  return elements;
}

function attachmentElements(
  attachment: Attachment,
  spec: NodeNetworkSpec,
  nodeGroups: readonly string[],
  links: ReadonlyMap<string, string>,
): readonly Element[] {
  const ip = { type: 'ipv4', value: attachment.address } as const;
  const set = currentSet(attachment, spec);
  const key = set?.key ?? NODE_SET;
  const elements: Element[] = [
    { set: 'pods', key: [{ type: 'ifname', value: attachment.hostLink }, ip] },
    { set: 'egress', key: [ip], verdict: { jump: `e_${key}` } },
    { set: 'ingress', key: [ip], verdict: { jump: `i_${key}` } },
    ...(set?.groups ?? nodeGroups).map((group) => ({ set: memberSet(group), key: [ip] })),
  ];
  if (set === undefined) return elements;
  elements.push({ set: 'grouped', key: [ip] });
  const link = links.get(attachment.interfaceId);
  if (link !== undefined) elements.push({ set: 'delivered', key: [{ type: 'ifname', value: link }, ip] });
  for (const { protocol, port } of attachment.probePorts) {
    elements.push({ set: 'probes', key: [ip, { type: 'protocol', value: protocol }, { type: 'port', value: port }] });
  }
  return elements;
}

/** A shared interface that is given other groups takes its running pods with it: the record names them in the new set. */
function currentSet(attachment: Attachment, spec: NodeNetworkSpec): Attachment['set'] {
  if (attachment.set === undefined) return undefined;
  const named = spec.sets.find((set) => set.pods.includes(attachment.pod.uid));
  return named === undefined ? attachment.set : { key: setKey(named.groups), groups: named.groups };
}
