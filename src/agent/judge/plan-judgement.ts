/**
 * The judgement as data: which chains there are, and which elements each pod adds. Pure; `judgement.ts` makes the kernel
 * agree. It must never let through what EC2 would not, were the two ends on two nodes; when it lacks a fact, it drops.
 */
import { ip, isIpv4 } from '../../core/address/ip.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import { isPrefix4, parsePrefixLoosely, type Prefix, type Prefix4, prefix4 } from '../../core/address/prefix.ts';
import { disjoint } from '../../core/address/prefix-space.ts';
import { setKey, sortedGroups } from '../../core/groups/set-key.ts';
import type { NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { Settings } from '../../core/settings/settings.ts';
import { normaliseRule } from '../../core/vpc/rule.ts';
import type { Attachment } from '../journal/journal.ts';
import { familyOf } from '../wire/plan-interface.ts';
import type { Element } from './elements.ts';
import { type FamilyWords, familyWords } from './family.ts';
import { NODE_SET, nodeElements, podElements } from './plan-elements.ts';
import { memberSet, type Peers, ruleText } from './rule-text.ts';

export interface JudgementInput {
  readonly spec: NodeNetworkSpec;
  readonly securityGroups: readonly SecurityGroupRecord[];
  /** All that hold an address, wired or about to be. */
  readonly attachments: readonly Attachment[];
  /** Names of the links of the record's interfaces, by interface id. */
  readonly links: ReadonlyMap<string, string>;
  readonly settings: Pick<Settings, 'externalSnat' | 'excludeSnatCidrs'>;
}

/** Chains of one set of groups: what its pods may send and what may reach them. */
export interface SetChains {
  readonly key: string;
  readonly egress: readonly string[];
  readonly ingress: readonly string[];
}

export interface Judgement {
  readonly words: FamilyWords;
  /** One for each set, and one whose key is `node` for the node and its plain pods. */
  readonly chains: readonly SetChains[];
  readonly memberSets: readonly string[];
  /** The node's own IPv4 address, as which its plain pods leave the VPC; IPv6 is not translated. */
  readonly nodeAddress?: Ipv4;
  /** Whether plain pods may be on another interface than the node's first. */
  readonly hasAside: boolean;
  /** Ranges that see plain pods under their own addresses; in order and without overlaps. */
  readonly untranslated: readonly Prefix4[];
  /** Of the node itself. */
  readonly base: readonly Element[];
  /** What one attachment adds. */
  elementsOf(attachment: Attachment): readonly Element[];
}

export function planJudgement(input: JudgementInput): Judgement {
  const { spec, securityGroups, attachments, links } = input;
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
  const lists = new Map(securityGroups.flatMap((record) => Object.entries(record.spec.prefixLists ?? {})));
  const words = familyWords[familyOf(spec)];
  const node = first === undefined ? undefined : ip(first.primaryAddress);
  const view = { spec, first, nodeGroups, links };
  const peers: Peers = {
    words,
    hasMembers: (group) => members.includes(group),
    entries: (list) => ranges(lists.get(list) ?? []),
  };
  const lines = (groups: readonly string[], direction: 'ingress' | 'egress'): readonly string[] => {
    const texts = rules
      .filter(({ group, rule }) => rule.direction === direction && groups.includes(group))
      .map(({ rule }) => ruleText(rule, peers));
    return [...new Set(texts)].filter((text) => text !== undefined).sort();
  };
  return {
    words,
    chains: [...sets]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, groups]) => ({ key, egress: lines(groups, 'egress'), ingress: lines(groups, 'ingress') })),
    memberSets: members.map(memberSet),
    ...(node !== undefined && isIpv4(node) && { nodeAddress: node }),
    hasAside: spec.interfaces.some((record) => record.purpose === 'node' && record !== first),
    untranslated: untranslated(input),
    base: nodeElements(view),
    elementsOf: (attachment) => podElements(attachment, view),
  };
}

const ranges = (texts: readonly string[]): readonly Prefix[] =>
  texts.map(parsePrefixLoosely).flatMap((parsed) => (parsed.ok ? [parsed.value] : []));

/** The interfaces' own subnets are of the VPC whatever its ranges say yet. */
function untranslated({ spec, settings }: JudgementInput): readonly Prefix4[] {
  if (settings.externalSnat) return [prefix4('0.0.0.0/0')];
  const subnets = spec.interfaces.map(({ subnet }) => subnet);
  return disjoint(ranges([...spec.vpc.cidrs, ...subnets, ...settings.excludeSnatCidrs]).filter(isPrefix4));
}
