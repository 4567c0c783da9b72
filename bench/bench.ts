/** What a bench is: measures, each beside its baseline from the same run where there is one. */

export interface Measure {
  readonly name: string;
  readonly unit: 'ms' | 'µs' | 'MiB' | 'Gbit/s';
  readonly ours: readonly number[];
  readonly baseline?: readonly number[];
  /** What the baseline does, in a few words. */
  readonly against?: string;
  /** Default `baseline/ours`: how many times as long the baseline takes. */
  readonly ratio?: 'baseline/ours' | 'ours/baseline';
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(progress: (text: string) => void): Promise<readonly Measure[]>;
}

/** Milliseconds that a synchronous piece of work takes. */
export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Runs both, the first of them by turns, so that neither always meets what the other left behind. */
export function byTurns(turn: number, ours: () => void, baseline: () => void): void {
  const [first, second] = turn % 2 === 0 ? [ours, baseline] : [baseline, ours];
  first();
  second();
}
