/**
 * Pools whose last action EC2 refused, and for how long they are left alone: what one set asks for in vain costs the
 * other pods of the node no time, and the account few calls.
 */
import type { Action } from '../../core/plan/action.ts';
import { backoffMs } from '../../kube/backoff.ts';
import type { Execution, Failure } from './executor.ts';

export interface Hold {
  readonly failure: Failure;
  /** In a row. */
  readonly failures: number;
  readonly untilMs: number;
}

export type Holds = ReadonlyMap<string, Hold>;

export interface HoldsInput {
  readonly before: Holds;
  readonly execution: Execution;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export const mayTry = (holds: Holds, { pool }: Action, nowMs: number): boolean =>
  (holds.get(pool)?.untilMs ?? nowMs) <= nowMs;

/** Pools of which nothing is planned any more. */
export function forgetHolds(holds: Holds, planned: readonly Action[]): Holds {
  const pools = new Set(planned.map(({ pool }) => pool));
  return new Map([...holds].filter(([pool]) => pools.has(pool)));
}

export function holdsAfter({ before, execution, nowMs, random }: HoldsInput): Holds {
  const after = new Map(before);
  for (const { action } of execution.outcomes) after.delete(action.pool);
  for (const failure of execution.failures) {
    const { pool } = failure.action;
    // Several of one pool fail as one.
    const failures = (before.get(pool)?.failures ?? 0) + 1;
    after.set(pool, { failure, failures, untilMs: nowMs + backoffMs({ failures, random }) });
  }
  return after;
}
