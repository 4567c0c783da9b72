/** Which `SecurityGroup` records there must be, and what they say: a pure comparison of EC2 with the records. */
import type { Ec2SecurityGroup } from '../../aws/port.ts';
import { API_GROUP, API_VERSION } from '../../core/names.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord, SecurityGroupSpec } from '../../core/records/security-group.ts';

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

export const specOf = ({ vpc, groupName, nameTag, rules }: Ec2SecurityGroup): SecurityGroupSpec => ({
  vpc,
  groupName,
  ...(nameTag === undefined ? {} : { nameTag }),
  rules,
});

export const recordOf = (group: Ec2SecurityGroup): SecurityGroupRecord => ({
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind: 'SecurityGroup',
  metadata: { name: group.id },
  spec: specOf(group),
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
  /** Deep equality, whatever the order of keys. */
  readonly equal: (a: SecurityGroupSpec, b: SecurityGroupSpec) => boolean;
}

/** A group in use that EC2 does not show any more keeps its record: its last rules are better than none. */
export function planMirror({ used, known, records, equal }: MirrorInput): MirrorPlan {
  const existing = new Map(records.map((record) => [record.metadata.name, record]));
  const wanted = known.filter(({ id }) => used.has(id)).map(recordOf);
  return {
    create: wanted.filter(({ metadata }) => !existing.has(metadata.name)),
    replace: wanted.filter(({ metadata, spec }) => {
      const before = existing.get(metadata.name);
      return before !== undefined && !equal(before.spec, spec);
    }),
    unused: [...existing.keys()].filter((id) => !used.has(id)),
  };
}
