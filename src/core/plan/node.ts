/**
 * The planner of one node: from what is to what is to be done, without doing anything. A plan that has been carried out
 * leaves nothing to plan; a plan of which only a part was carried out is planned again from what then is.
 */
import { CodedError } from '../errors/coded-error.ts';
import type { NodeNetworkSpec } from '../records/node-network.ts';
import type { Action } from './action.ts';
import { buildSpec } from './build-spec.ts';
import { fill, podAddressCount } from './fill.ts';
import { freeDeviceIndexes, isOn, podAddressesPerInterface, primaryOf, servedSet } from './observed.ts';
import { type PlacedSet, placePods, type PodProblem } from './place-pods.ts';
import { planSet } from './plan-set.ts';
import { retire } from './retire.ts';
import { setRecords } from './set-records.ts';
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
  /** Ids of interfaces that nobody needs; whoever plans remembers since when. */
  readonly idle: readonly string[];
  /** UIDs of pods that wait for others; whoever plans remembers since when. */
  readonly awaited: readonly string[];
  /** Observe EC2 and plan again after so long, although nothing is known to change. */
  readonly againMs?: number;
  /** Plan again after so long, from what is known then: there will be something to tell. */
  readonly tellInMs?: number;
}

/** instance-unknown where EC2 shows no primary interface, ec2-answer-invalid where it contradicts itself. */
export function planNode(snapshot: NodeSnapshot): NodePlan | CodedError {
  const primary = primaryOf(snapshot);
  if (primary === undefined) {
    return new CodedError('instance-unknown', { detail: `${snapshot.instance.id} has no primary network interface` });
  }
  const placement = placePods(snapshot);
  const resources = { freeIndexes: freeDeviceIndexes(snapshot), budget: subnetBudget(snapshot.subnets) };
  // A set without an interface comes before one that wants its second. One that is not attached yet does not count, else
  // a set would lose the slot that it was made for.
  const { id: instance } = snapshot.instance;
  const needy = (set: PlacedSet): number =>
    Number(snapshot.interfaces.some((seen) => servedSet(seen) === set.key && isOn(seen, instance)));
  const plans = [...placement.sets]
    .sort((a, b) => needy(a) - needy(b))
    .map((set) => planSet({ snapshot, set, home: primary.subnet, resources }));
  const retirement = retire({
    snapshot,
    needed: new Set(plans.flatMap(({ interfaces }) => interfaces.map(({ id }) => id))),
    live: new Set(plans.map(({ set }) => set.key)),
    slotsWanted: plans.some(({ lacksSlot }) => lacksSlot),
  });
  const node = planNodePool(snapshot, { primary, pods: placement.plain, budget: resources.budget });

  const spec = buildSpec({
    snapshot,
    primary,
    serving: [...plans.flatMap(({ interfaces }) => interfaces), ...retirement.serving, ...retirement.leaving],
    sets: setRecords({ plans, branches: placement.branches, record: snapshot.record, retirement }),
    branches: placement.branches,
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
    awaited: placement.awaited,
    ...(placement.tellInMs === undefined ? {} : { tellInMs: placement.tellInMs }),
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
