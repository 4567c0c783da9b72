/** How long to wait before an attempt is repeated: doubling, capped, and jittered so that many nodes do not agree. */

export interface Backoff {
  /** Default 500. */
  readonly baseMs?: number;
  /** Default 30,000: the longest that a recovered server waits to be noticed. */
  readonly capMs?: number;
}

export interface BackoffInput extends Backoff {
  /** 1 after the first failure. */
  readonly failures: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Between half and all of the doubled time: never so short that the doubling means nothing. */
export function backoffMs({ failures, random, baseMs = 500, capMs = 30_000 }: BackoffInput): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (random() * full) / 2;
}
