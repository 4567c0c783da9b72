/**
 * Keys that need work, each worked on by one worker at a time. A key added while it is queued is queued once; added
 * while it is worked on, it is worked on again. A failed key comes back by itself, later each time.
 */
import { backoffMs, type Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

export interface WorkQueueOptions {
  /** Throws: the key is tried again after a back-off. `afterMs`: again, though all is well. */
  readonly process: (key: string, signal: AbortSignal) => Promise<{ readonly afterMs?: number } | void>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Keys at a time. */
  readonly concurrency: number;
  readonly backoff?: Backoff;
  /** Told of every failure, with the wait before the next attempt. */
  readonly onError?: (failure: WorkFailure) => void;
}

export interface WorkFailure {
  readonly key: string;
  readonly error: unknown;
  /** 1 for the first in a row. */
  readonly failures: number;
  readonly retryInMs: number;
}

export interface WorkQueue {
  /**
   * Without `afterMs` at once, even in the middle of a back-off: whoever adds has news. Of two times the earlier counts.
   */
  add(key: string, options?: { readonly afterMs?: number }): void;
  /** Keys that wait for work, also those that are worked on and will be again. */
  size(): number;
  /** Aborts the workers' signal and waits for them. */
  stop(): Promise<void>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { process, clock, random, concurrency, backoff = {}, onError } = options;
  const dueAt = new Map<string, number>();
  const failures = new Map<string, number>();
  const working = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  let alarm = new AbortController();

  const add = (key: string, afterMs: number): void => {
    if (stopping.signal.aborted) return;
    const at = clock.now() + afterMs;
    dueAt.set(key, Math.min(at, dueAt.get(key) ?? at));
    schedule();
  };

  const work = async (key: string): Promise<void> => {
    try {
      const outcome = await process(key, stopping.signal);
      failures.delete(key);
      if (outcome?.afterMs !== undefined) add(key, outcome.afterMs);
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const retryInMs = backoffMs({ ...backoff, failures: count, random });
      if (!stopping.signal.aborted) onError?.({ key, error, failures: count, retryInMs });
      add(key, retryInMs);
    } finally {
      working.delete(key);
      schedule();
    }
  };

  /** A key that is being worked on waits for its end, which schedules again. */
  const earliest = (): { readonly key: string; readonly at: number } | undefined => {
    let found: { readonly key: string; readonly at: number } | undefined;
    for (const [key, at] of dueAt) {
      if (!working.has(key) && (found === undefined || at < found.at)) found = { key, at };
    }
    return found;
  };

  /** Starts what is due and sets the alarm for what is due next. */
  const schedule = (): void => {
    alarm.abort();
    while (!stopping.signal.aborted && working.size < concurrency) {
      const next = earliest();
      if (next === undefined) return;
      const { key, at } = next;
      if (at > clock.now()) {
        wakeIn(at - clock.now());
        return;
      }
      dueAt.delete(key);
      working.set(
        key,
        Promise.resolve().then(() => work(key)),
      );
    }
  };

  const wakeIn = (ms: number): void => {
    alarm = new AbortController();
    const { signal } = alarm;
    void clock.sleep(ms, signal).then(() => signal.aborted || schedule());
  };

  return {
    add: (key, { afterMs = 0 } = {}) => add(key, afterMs),
    size: () => dueAt.size,
    async stop() {
      stopping.abort();
      alarm.abort();
      dueAt.clear();
      await Promise.all(working.values());
    },
  };
}
