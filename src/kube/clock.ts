/** Time as this room is given it, so that tests decide what the time is. */

export interface Clock {
  /** Milliseconds from some fixed point; never set back, so that a corrected system clock delays nothing. */
  now(): number;
  /** The time of day, for what people read. */
  date(): Date;
  /** Resolves when due, or as soon as `signal` is aborted: look at the signal afterwards. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout fires at once when asked for more. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(ms, 0), LONGEST_MS));
      signal?.addEventListener('abort', done);
    }),
};
