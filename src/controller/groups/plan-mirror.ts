/** Which `SecurityGroup` records there must be, and what they say: a pure comparison of EC2 with the records. */
import type { Ec2SecurityGroup } from '../../aws/port.ts';
import { API_GROUP, API_VERSION } from '../../core/names.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord, SecurityGroupSpec } from '../../core/records/security-group.ts';
import type { ListEntries } from './prefix-lists.ts';

/** Groups of interfaces and sets: those that judge packets somewhere. */
export function groupsOfRecords(records: readonly Pick<NodeNetwork, 'spec'>[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { spec } of records) {
    for (const { groups } of [...spec.interfaces, ...spec.sets]) for (const group of groups) used.add(group);
  }
  return used;
}

/** With those that their rules refer to, which have names and members that are asked for, and no further ones. */
export function withReferenced(
  groups: ReadonlySet<string>,
  known: readonly Pick<Ec2SecurityGroup, 'id' | 'rules'>[],
): ReadonlySet<string> {
  const all = new Set(groups);
  for (const { id, rules } of known) {
    if (!groups.has(id)) continue;
    for (const { peer } of rules) if (peer.kind === 'group') all.add(peer.group);
  }
  return all;
}

/** Prefix lists that its rules name, each once. */
export const listsOf = ({ rules }: Pick<Ec2SecurityGroup, 'rules'>): readonly string[] => [
  ...new Set(rules.flatMap(({ peer }) => (peer.kind === 'prefixList' ? [peer.prefixList] : []))),
];

export type EntriesOf = (list: string) => ListEntries;

/** @param before what the record says now: a list that was not read since the controller has started keeps its entries. */
function specOf(group: Ec2SecurityGroup, entriesOf: EntriesOf, before?: SecurityGroupSpec): SecurityGroupSpec {
  const { vpc, groupName, nameTag, rules } = group;
  const lists = listsOf(group).flatMap((list) => {
    const now = entriesOf(list);
    const entries = now === 'unread' ? before?.prefixLists?.[list] : now === 'gone' ? undefined : now;
    return entries === undefined ? [] : [[list, entries] as const];
  });
  return {
    vpc,
    groupName,
    ...(nameTag === undefined ? {} : { nameTag }),
    rules,
    ...(lists.length === 0 ? {} : { prefixLists: Object.fromEntries(lists) }),
  };
}

export const recordOf = (
  group: Ec2SecurityGroup,
  entriesOf: EntriesOf,
  before?: SecurityGroupRecord,
): SecurityGroupRecord => ({
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind: 'SecurityGroup',
  metadata: { name: group.id },
  spec: specOf(group, entriesOf, before?.spec),
});

export interface MirrorPlan {
  readonly create: readonly SecurityGroupRecord[];
  readonly replace: readonly SecurityGroupRecord[];
  /** Names of records that nothing uses. */
  readonly unused: readonly string[];
}

export interface MirrorInput {
  readonly used: ReadonlySet<string>;
  readonly known: readonly Ec2SecurityGroup[];
  readonly records: readonly SecurityGroupRecord[];
  readonly entriesOf: EntriesOf;
  /** Deep equality, whatever the order of keys. */
  readonly equal: (a: SecurityGroupSpec, b: SecurityGroupSpec) => boolean;
}

/** A group in use that EC2 does not show any more keeps its record: its last rules are better than none. */
export function planMirror({ used, known, records, entriesOf, equal }: MirrorInput): MirrorPlan {
  const existing = new Map(records.map((record) => [record.metadata.name, record]));
  const wanted = known
    .filter(({ id }) => used.has(id))
    .map((group) => recordOf(group, entriesOf, existing.get(group.id)));
  return {
    create: wanted.filter(({ metadata }) => !existing.has(metadata.name)),
    replace: wanted.filter(({ metadata, spec }) => {
      const before = existing.get(metadata.name);
      return before !== undefined && !equal(before.spec, spec);
    }),
    unused: [...existing.keys()].filter((id) => !used.has(id)),
  };
}
