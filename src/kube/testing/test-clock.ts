/** A clock that stands still until a test moves it. */
import type { Clock } from '../clock.ts';

export interface TestClock extends Clock {
  /** Wakes who is due on the way, in due order, and lets each run on before the next. */
  advance(ms: number): Promise<void>;
  /** How long until each sleeper is due, in due order. */
  sleepers(): readonly number[];
}

interface Sleeper {
  readonly dueAt: number;
  readonly wake: () => void;
}

/** Lets everything that waits for nothing but promises run on. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function createTestClock(start = new Date('2026-01-01T00:00:00Z')): TestClock {
  let now = 0;
  // Sorted by insertion at equal times, as timers are.
  const sleepers = new Set<Sleeper>();
  const inOrder = (): Sleeper[] => [...sleepers].sort((a, b) => a.dueAt - b.dueAt);

  return {
    now: () => now,
    date: () => new Date(start.getTime() + now),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { dueAt: now + Math.max(ms, 0), wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake);
      }),
    sleepers: () => inOrder().map(({ dueAt }) => dueAt - now),
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        const next = inOrder().find(({ dueAt }) => dueAt <= end);
        if (next === undefined) break;
        now = next.dueAt;
        next.wake();
      }
      now = end;
      await settle();
    },
  };
}
