/** Observe, plan, write, carry out, and again from what then is, until there is nothing left to do. */
import { CodedError } from '../../core/errors/coded-error.ts';
import { type NodePlan, planNode } from '../../core/plan/node.ts';
import type { NodeView, PodView } from '../views.ts';
import { ASK_AGAIN_MS } from './ask-eks.ts';
import type { Failure } from './executor.ts';
import { forgetHolds, holdsAfter, mayTry } from './holds.ts';
import { lookAtNode } from './look-at-node.ts';
import { type NodeState, stillSo } from './node-state.ts';
import type { NodeWorkerOptions } from './node-worker.ts';
import { OBSERVE_AGAIN_MS, OBSERVE_EVERY_MS } from './observer.ts';
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
  const { node, state, signal, mirror, writer, execute, vpcs, clock, random } = input;
  const settled = (problems: readonly Problem[], lookAfterMs: number, afterMs = lookAfterMs): Settled => {
    state.observer.dueAfter(lookAfterMs);
    return { kind: 'settled', problems, afterMs };
  };
  for (;;) {
    const sight = await lookAtNode(input);
    if (sight === undefined) return settled([], BEHIND_RECHECK_MS);
    const { observation, facts, views, record } = sight;
    const plan = planNode(takeSnapshot({ sight, state, nowMs: clock.now() }));
    if (plan instanceof CodedError) throw plan;
    state.idleSinceMs = stillSo(state.idleSinceMs, plan.idle, clock.now());
    state.awaitedSinceMs = stillSo(state.awaitedSinceMs, plan.awaited, clock.now());
    const branchesDueMs = state.branches.rest(new Set(plan.spec.branches?.map(({ id }) => id)));

    await mirror.ensure(groupsOf(plan), facts);
    state.written = await writer.write(node, record, plan.spec);
    const due = plan.actions.filter((action) => mayTry(state.holds, action, clock.now()));
    const isWritten = state.written.metadata.generation === record?.metadata.generation;
    if ((due.length === 0 && isWritten) || signal.aborted) {
      state.holds = forgetHolds(state.holds, plan.actions);
      const held = [...state.holds.values()];
      const told = held.flatMap(({ failure }) => waitingFor(failure, plan, views));
      const [trouble] = sight.troubles;
      const waits = held.map(({ untilMs }) => Math.max(0, untilMs - clock.now()));
      if (observation.trouble !== undefined) waits.push(OBSERVE_AGAIN_MS);
      const lookAfterMs = Math.min(plan.againMs ?? OBSERVE_EVERY_MS, ...waits);
      const askAgainMs = sight.isEksUnasked ? ASK_AGAIN_MS : undefined;
      const others = [plan.tellInMs, branchesDueMs, askAgainMs].filter((ms) => ms !== undefined);
      return settled(
        [...problemsOf(plan, views), ...told, ...(trouble === undefined ? [] : [{ error: trouble }])],
        lookAfterMs,
        Math.min(lookAfterMs, ...others),
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
