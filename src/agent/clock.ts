/** Time as the agent is given it. */

export interface Clock {
  /** Milliseconds since boot: the same for the next process on this machine, and never set back. */
  nowMs(): number;
  /** The time of day as RFC 3339, for what people read. */
  timestamp(): string;
  /** Returns the way to cancel. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  // CLOCK_MONOTONIC: it does not run while the machine is suspended, which instances that serve pods never are.
  nowMs: () => Number(process.hrtime.bigint() / 1_000_000n),
  timestamp: () => new Date().toISOString(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
