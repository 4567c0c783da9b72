/** Waits until an evaluation is ready: asked again on each change of what it depends on, and at the latest each second. */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { Clock } from '../clock.ts';

export type Evaluation<T> =
  | { readonly kind: 'ready'; readonly value: T }
  | { readonly kind: 'wait'; readonly cause: CodedError }
  | { readonly kind: 'refuse'; readonly error: CodedError };

export interface WaitOptions<T> {
  readonly evaluate: () => Evaluation<T>;
  readonly onChange: (listener: () => void) => () => void;
  readonly clock: Clock;
  /** Required: after so long the last cause is the answer. */
  readonly deadlineMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Cooldowns end without anybody saying so. */
const RECHECK_MS = 1000;

export async function waitUntil<T>({ evaluate, onChange, clock, deadlineMs, signal }: WaitOptions<T>): Promise<T> {
  const end = clock.nowMs() + deadlineMs;
  if (!signal.aborted) {
    // As a rule there is nothing to wait for.
    const now = evaluate();
    if (now.kind === 'ready') return now.value;
    if (now.kind === 'refuse') throw now.error;
  }
  return new Promise<T>((resolve, reject) => {
    let cancelTimer = (): void => undefined;
    let unsubscribe = (): void => undefined;
    const settle = (action: () => void): void => {
      cancelTimer();
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
      action();
    };
    const onAbort = (): void =>
      settle(() => reject(new CodedError('agent-unreachable', { detail: 'the plugin has gone away' })));
    const check = (): void => {
      cancelTimer();
      let evaluation: Evaluation<T>;
      try {
        evaluation = evaluate();
      } catch (error) {
        settle(() => reject(error));
        return;
      }
      if (evaluation.kind === 'ready') return settle(() => resolve(evaluation.value));
      if (evaluation.kind === 'refuse') return settle(() => reject(evaluation.error));
      const leftMs = end - clock.nowMs();
      if (leftMs <= 0) return settle(() => reject(evaluation.cause));
      cancelTimer = clock.after(Math.min(leftMs, RECHECK_MS), check);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort);
    unsubscribe = onChange(check);
    check();
  });
}
