/** The sets of a record: those with pods, on shared interfaces or on branches, and those whose interface outlives them. */
import { setKey } from '../groups/set-key.ts';
import type { BranchRecord, SetRecord } from '../records/node-network.ts';
import { recordedSet, setGeneration } from './generation.ts';
import { servedSet } from './observed.ts';
import type { SetPlan } from './plan-set.ts';
import type { Retirement } from './retire.ts';
import type { KnownRecord } from './snapshot.ts';

export interface SetRecordsInput {
  readonly plans: readonly SetPlan[];
  readonly branches: readonly BranchRecord[];
  readonly record: KnownRecord | undefined;
  readonly retirement: Retirement;
}

export function setRecords({ plans, branches, record, retirement }: SetRecordsInput): readonly SetRecord[] {
  const served = [...plans.map((plan) => liveSet(plan, record, retirement)), ...idleSets(plans, record, retirement)];
  const onBranches = Map.groupBy(branches, ({ groups }) => setKey(groups));
  const joined = served.map((set) => {
    const pods = onBranches.get(set.key)?.map(({ pod }) => pod) ?? [];
    return pods.length === 0 ? set : { ...set, pods: [...set.pods, ...pods].sort() };
  });
  const known = new Set(served.map(({ key }) => key));
  const others = [...onBranches].flatMap(([key, own]) => {
    const groups = own[0]?.groups;
    if (groups === undefined || known.has(key)) return [];
    const generation = setGeneration(record, { key, interfaces: [], spent: 0 });
    return [{ key, groups, interfaces: [], generation, pods: own.map(({ pod }) => pod).sort() }];
  });
  return [...joined, ...others];
}

/** What a set outgrew serves it until its time is over. */
function liveSet(
  { set: { key, groups, pods }, interfaces, spent }: SetPlan,
  record: KnownRecord | undefined,
  { serving }: Retirement,
): SetRecord {
  const ids = [...interfaces, ...serving.filter((seen) => servedSet(seen) === key)].map(({ id }) => id).sort();
  const generation = setGeneration(record, { key, interfaces: ids, spent });
  return { key, groups, interfaces: ids, generation, pods: pods.map(({ uid }) => uid) };
}

/** Sets that have lost their pods and have an interface still. */
function idleSets(
  plans: readonly SetPlan[],
  record: KnownRecord | undefined,
  { serving }: Retirement,
): readonly SetRecord[] {
  const live = new Set(plans.map(({ set }) => set.key));
  const idle = Map.groupBy(serving, servedSet);
  return [...idle].flatMap(([key, own]) => {
    const before = recordedSet(record, key);
    if (live.has(key) || before === undefined) return [];
    const interfaces = own.map(({ id }) => id).sort();
    return [{ ...before, interfaces, generation: setGeneration(record, { key, interfaces, spent: 0 }), pods: [] }];
  });
}
