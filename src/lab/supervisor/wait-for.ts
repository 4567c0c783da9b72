/** Waits by asking: for what has no way to tell that it is ready. */
import { setTimeout as delay } from 'node:timers/promises';

import { describeError } from '../../core/errors/coded-error.ts';

export interface WaitOptions<T> {
  /** For the error at the end of patience: “WHAT did not come within …”. */
  readonly what: string;
  /** undefined or an error: not yet. */
  readonly ask: () => Promise<T | undefined> | T | undefined;
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Default 50. */
  readonly everyMs?: number;
}

export async function waitFor<T>({ what, ask, signal, timeoutMs, everyMs = 50 }: WaitOptions<T>): Promise<T> {
  const end = performance.now() + timeoutMs;
  let last = '';
  for (;;) {
    signal.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      last = '';
    } catch (error) {
      signal.throwIfAborted();
      last = describeError(error);
    }
    if (performance.now() > end) {
      throw new Error(`${what} did not come within ${Math.round(timeoutMs / 1000)} s${last === '' ? '' : `: ${last}`}`);
    }
    // An abort ends the pause; its reason is thrown above.
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
