/** One side's judgement: the union of the allow rules of all groups of an interface, in one direction. */
import { hostPrefix, formatPrefix } from '../address/prefix.ts';
import type { Flow, NetworkInterface, RulePeer, SecurityGroupRule, Vpc } from './model.ts';
import { type OtherEnd, differences } from './rule-match.ts';
import { normaliseRule } from './rule.ts';
import type { Difference, MissingRule, NearMiss, Passage, Refusal, Side } from './verdict.ts';

export interface SideInput {
  readonly side: Side;
  readonly flow: Flow;
  readonly vpc: Vpc;
  /** The source's for egress, the target's for ingress. */
  readonly interface: NetworkInterface;
  readonly other: OtherEnd;
}

export type SideVerdict =
  | { readonly allowed: true; readonly passage: Passage }
  | { readonly allowed: false; readonly refusal: Refusal };

export function judgeSide(input: SideInput): SideVerdict {
  const { side, vpc } = input;
  const groups = [...new Set(input.interface.groups)].sort();
  const misses: NearMiss[] = [];
  for (const { group, rule } of rulesOf(groups, vpc)) {
    const normal = rule.direction === side ? normaliseRule(rule) : undefined;
    if (normal === undefined) continue;
    const differsIn = differences(normal, { flow: input.flow, other: input.other, prefixLists: vpc.prefixLists });
    if (differsIn.length === 0) return { allowed: true, passage: { side, interface: input.interface.id, group, rule } };
    misses.push({ group, rule, differsIn });
  }
  const nearest = misses.sort((a, b) => distance(a) - distance(b))[0];
  return {
    allowed: false,
    refusal: {
      kind: 'noRule',
      side,
      interface: input.interface.id,
      groups,
      unknownGroups: groups.filter((id) => !vpc.groups.some((group) => group.id === id)),
      ...(nearest !== undefined && { nearest }),
      missing: missingRule(input),
    },
  };
}

/** In the order of ids, so that a verdict names the same rule whatever order EC2 answers in. */
const rulesOf = (ids: readonly string[], vpc: Vpc): readonly { group: string; rule: SecurityGroupRule }[] =>
  ids.flatMap((id) =>
    vpc.groups
      .filter((group) => group.id === id)
      .flatMap((group) => group.rules.map((rule) => ({ group: id, rule })))
      .sort((a, b) => (a.rule.id < b.rule.id ? -1 : Number(a.rule.id > b.rule.id))),
  );

/** What a user is least likely to have meant otherwise counts most: a rule for the same port is nearer than one for the same peer. */
const weights: Readonly<Record<Difference, number>> = { peer: 1, ports: 2, protocol: 4 };
const distance = (miss: NearMiss): number => miss.differsIn.reduce((sum, difference) => sum + weights[difference], 0);

const protocolNames: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };

function missingRule({ side, flow, other }: SideInput): MissingRule {
  const [group] = [...other.groups].sort();
  const peer: RulePeer =
    group === undefined ? { kind: 'cidr', cidr: formatPrefix(hostPrefix(other.address)) } : { kind: 'group', group };
  const from = flow.port ?? flow.icmp?.type;
  const to = flow.port ?? flow.icmp?.code;
  return {
    direction: side,
    protocol: protocolNames[flow.protocol] ?? String(flow.protocol),
    ...(from !== undefined && { fromPort: from }),
    ...(to !== undefined && { toPort: to }),
    peer,
  };
}
