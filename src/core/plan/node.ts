/**
 * The planner of one node: from what is to what is to be done, without doing anything. A plan that has been carried out
 * leaves nothing to plan; a plan of which only a part was carried out is planned again from what then is.
 */
import { CodedError } from '../errors/coded-error.ts';
import type { NodeNetworkSpec, SetRecord } from '../records/node-network.ts';
import type { Action } from './action.ts';
import { buildSpec } from './build-spec.ts';
import { fill, podAddressCount } from './fill.ts';
import { setGeneration } from './generation.ts';
import { freeDeviceIndexes, podAddressesPerInterface, primaryOf, servedSet } from './observed.ts';
import { type PlacedSet, placePods, type PodProblem } from './place-pods.ts';
import { planSet, type SetPlan } from './plan-set.ts';
import { retire, type Retirement } from './retire.ts';
import { shortage } from './shortage.ts';
import type { NodeSnapshot, ObservedInterface } from './snapshot.ts';
import { type SubnetBudget, subnetBudget } from './subnet-budget.ts';
import { ATTACHING_RECHECK_MS } from './targets.ts';

export interface NodePlan {
  /** What the record has to say before anything is done. */
  readonly spec: NodeNetworkSpec;
  readonly actions: readonly Action[];
  /** At most one a pod; sorted by UID. */
  readonly problems: readonly PodProblem[];
  /** Keys of sets that have interfaces and no pods; whoever plans remembers since when. */
  readonly idle: readonly string[];
  /** Observe EC2 and plan again after so long, although nothing is known to change. */
  readonly againMs?: number;
}

/** instance-unknown where EC2 shows no primary interface, ec2-answer-invalid where it contradicts itself. */
export function planNode(snapshot: NodeSnapshot): NodePlan | CodedError {
  const primary = primaryOf(snapshot);
  if (primary === undefined) {
    return new CodedError('instance-unknown', { detail: `${snapshot.instance.id} has no primary network interface` });
  }
  const placement = placePods(snapshot);
  const resources = { freeIndexes: freeDeviceIndexes(snapshot), budget: subnetBudget(snapshot.subnets) };
  // A set without an interface comes before one that wants its second.
  const needy = (set: PlacedSet): number => Number(snapshot.interfaces.some((seen) => servedSet(seen) === set.key));
  const plans = [...placement.sets]
    .sort((a, b) => needy(a) - needy(b))
    .map((set) => planSet({ snapshot, set, home: primary.subnet, resources }));
  const retirement = retire({
    snapshot,
    live: new Set(plans.map(({ set }) => set.key)),
    slotsWanted: plans.some(({ lacksSlot }) => lacksSlot),
  });
  const node = planNodePool(snapshot, { primary, pods: placement.plain, budget: resources.budget });

  const spec = buildSpec({
    snapshot,
    primary,
    serving: [...plans.flatMap(({ interfaces }) => interfaces), ...retirement.kept],
    sets: [...plans.map(setRecord), ...idleSets(snapshot, retirement)],
  });
  if (spec instanceof CodedError) return spec;
  const problems = [...placement.problems, ...plans.flatMap((plan) => plan.problems), ...node.problems];
  const isComing = snapshot.interfaces.some(({ attachment }) => attachment?.status === 'attaching');
  const again = [retirement.againMs, isComing ? ATTACHING_RECHECK_MS : undefined].filter((ms) => ms !== undefined);
  return {
    spec,
    actions: [...plans.flatMap(({ actions }) => actions), ...node.actions, ...retirement.actions],
    problems: problems.sort((a, b) => (a.uid < b.uid ? -1 : 1)),
    idle: retirement.idle,
    ...(again.length === 0 ? {} : { againMs: Math.min(...again) }),
  };
}

interface NodePool {
  readonly primary: ObservedInterface;
  /** Those with the node's groups. */
  readonly pods: NodeSnapshot['pods'];
  readonly budget: SubnetBudget;
}

/** The node's own interface is filled once, with all that its type takes, so that plain pods never wait for a call. */
function planNodePool(snapshot: NodeSnapshot, { primary, pods, budget }: NodePool) {
  const perInterface = podAddressesPerInterface(snapshot.limits);
  const actions = fill({
    pool: 'node',
    interfaces: [primary],
    wanted: perInterface,
    perInterface,
    budget,
    reason: `the node’s interface takes ${perInterface} addresses for pods`,
  });
  const capacity = podAddressCount(primary) + actions.reduce((sum, { count }) => sum + count, 0);
  const lacksSlot = capacity >= perInterface;
  return { actions, problems: shortage({ snapshot, pods, capacity, interfaces: 1, lacksSlot, home: primary.subnet }) };
}

const setRecord = ({ set, interfaces, generation }: SetPlan): SetRecord => ({
  key: set.key,
  groups: set.groups,
  interfaces: interfaces.map(({ id }) => id).sort(),
  generation,
  pods: set.pods.map(({ uid }) => uid),
});

/** Sets that have lost their pods and have an interface still. */
const idleSets = ({ record }: NodeSnapshot, { idle, kept }: Retirement): readonly SetRecord[] =>
  idle.flatMap((key) => {
    const interfaces = kept.filter((seen) => servedSet(seen) === key).map(({ id }) => id);
    const before = record?.spec.sets.find((set) => set.key === key);
    if (interfaces.length === 0 || before === undefined) return [];
    return [
      { ...before, interfaces: interfaces.sort(), generation: setGeneration(record, { key, interfaces }), pods: [] },
    ];
  });
