/** Observe, plan, write, carry out, and again from what then is, until there is nothing left to do. */
import { CodedError } from '../../core/errors/coded-error.ts';
import { type NodePlan, planNode } from '../../core/plan/node.ts';
import type { PodFact } from '../../core/plan/snapshot.ts';
import type { NodeView, PodView } from '../views.ts';
import type { VpcFacts } from '../vpc/vpc-watch.ts';
import type { Failure } from './executor.ts';
import { forgetHolds, holdsAfter, mayTry } from './holds.ts';
import { isBehind } from './is-behind.ts';
import { LAG_MS } from './merge-observation.ts';
import { latestRecord, type NodeState, stillIdle } from './node-state.ts';
import type { NodeWorkerOptions } from './node-worker.ts';
import { OBSERVE_AGAIN_MS, OBSERVE_EVERY_MS } from './observer.ts';
import { asksForUnknown, podFacts } from './pod-facts.ts';
import type { Problem } from './reporter.ts';
import { takeSnapshot } from './take-snapshot.ts';

export type Settled =
  /** As far as EC2 lets us. */
  | { readonly kind: 'settled'; readonly problems: readonly Problem[]; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly problems: readonly Problem[]; readonly error: CodedError };

export interface SettleInput extends NodeWorkerOptions {
  readonly node: NodeView;
  readonly state: NodeState;
  readonly signal: AbortSignal;
}

/** Of a description that is behind the record. */
const BEHIND_RECHECK_MS = 2000;

export async function settleNode(input: SettleInput): Promise<Settled> {
  const { node, state, signal, cluster, mirror, writer, execute, vpcs, clock, random } = input;
  const settled = (problems: readonly Problem[], afterMs: number): Settled => {
    state.observer.dueAfter(afterMs);
    return { kind: 'settled', problems, afterMs };
  };
  for (;;) {
    const observation = await state.observer.observe();
    const limits = await input.limits(observation.instance.type);
    const { facts, pods, views } = await whoAsks(input, observation.instance.vpc);
    const record = latestRecord(cluster.records.get({ name: node.name }), state.written);
    if (record !== undefined && clock.now() - state.sinceMs < LAG_MS && isBehind(observation, record)) {
      return settled([], BEHIND_RECHECK_MS);
    }
    const { idleSinceMs } = state;
    const plan = planNode(takeSnapshot({ observation, facts, limits, pods, record, idleSinceMs, nowMs: clock.now() }));
    if (plan instanceof CodedError) throw plan;
    state.idleSinceMs = stillIdle(idleSinceMs, plan.idle, clock.now());

    await mirror.ensure(groupsOf(plan), facts);
    state.written = await writer.write(node, record, plan.spec);
    const due = plan.actions.filter((action) => mayTry(state.holds, action, clock.now()));
    const isWritten = state.written.metadata.generation === record?.metadata.generation;
    if ((due.length === 0 && isWritten) || signal.aborted) {
      state.holds = forgetHolds(state.holds, plan.actions);
      const held = [...state.holds.values()];
      const told = held.flatMap(({ failure }) => waitingFor(failure, plan, views));
      const [trouble] = [observation.trouble, facts.trouble].filter((error) => error !== undefined);
      const waits = held.map(({ untilMs }) => Math.max(0, untilMs - clock.now()));
      if (observation.trouble !== undefined) waits.push(OBSERVE_AGAIN_MS);
      const afterMs = Math.min(plan.againMs ?? OBSERVE_EVERY_MS, ...waits);
      return settled(
        [...problemsOf(plan, views), ...told, ...(trouble === undefined ? [] : [{ error: trouble }])],
        afterMs,
      );
    }
    const execution = await execute(due, node.name);
    for (const outcome of execution.outcomes) state.observer.apply(outcome);
    state.holds = holdsAfter({ before: state.holds, execution, nowMs: clock.now(), random });
    for (const { action, error } of execution.failures) {
      if (error.code === 'subnet-full') vpcs.markFull(subnetOf(action, observation.interfaces));
    }
  }
}

interface Askers {
  readonly facts: VpcFacts;
  readonly pods: readonly PodFact[];
  /** By UID. */
  readonly views: ReadonlyMap<string, PodView>;
}

async function whoAsks(input: SettleInput, vpc: string): Promise<Askers> {
  const { node, cluster, settings, vpcs, reporter } = input;
  const present = input.pods.of(node.name);
  const views = new Map(present.map((pod) => [pod.uid, pod]));
  const read = ({ groups }: VpcFacts): readonly PodFact[] =>
    podFacts({
      pods: present,
      serviceAccount: (ref) => cluster.serviceAccounts.get(ref),
      groups,
      podGroupsEnabled: settings().podGroupsEnabled,
    });
  const facts = await vpcs.facts(vpc);
  const pods = read(facts);
  // A group that was made after the last poll is worth one look; a wrong name is not worth one each time.
  const isNews = ({ uid, demand }: PodFact): boolean => {
    const pod = views.get(uid);
    return pod !== undefined && demand.kind === 'refused' && !reporter.isTold(node, { pod, error: demand.error });
  };
  if (!pods.some((pod) => asksForUnknown(pod) && isNews(pod))) return { facts, pods, views };
  const fresh = await vpcs.refreshGroups(vpc);
  return { facts: fresh, pods: read(fresh), views };
}

const groupsOf = ({ spec }: NodePlan): readonly string[] =>
  [...spec.interfaces, ...spec.sets].flatMap(({ groups }) => groups);

const problemsOf = ({ problems }: NodePlan, views: ReadonlyMap<string, PodView>): readonly Problem[] =>
  problems.flatMap(({ uid, error }) => {
    const pod = views.get(uid);
    return pod === undefined ? [] : [{ pod, error }];
  });

/** The pods of the set that an action was for, as far as they have no address; else the node. */
function waitingFor(
  { action, error }: Failure,
  plan: NodePlan,
  views: ReadonlyMap<string, PodView>,
): readonly Problem[] {
  const members = plan.spec.sets.find(({ key }) => key === action.pool)?.pods ?? [];
  const waiting = members.map((uid) => views.get(uid)).filter((pod) => pod !== undefined && pod.address === undefined);
  return waiting.length === 0 ? [{ error }] : waiting.flatMap((pod) => (pod === undefined ? [] : [{ pod, error }]));
}

function subnetOf(
  action: Failure['action'],
  interfaces: readonly { readonly id: string; readonly subnet: string }[],
): string {
  if (action.kind === 'create-interface') return action.subnet;
  return interfaces.find(({ id }) => id === action.interface)?.subnet ?? '';
}
