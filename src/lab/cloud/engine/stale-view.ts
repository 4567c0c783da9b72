/**
 * EC2's eventual consistency: what a describe call may answer from. The recent past is kept as undo steps over the
 * state as it is.
 */
import { type Change, Draft, type State, type View } from '../state/draft.ts';

interface Step {
  readonly atMs: number;
  /** Leads back to the state before. */
  readonly undo: readonly Change[];
}

/** Nothing is older than this; AWS names no bound and advises to retry for minutes. */
export const LONGEST_LAG_MS = 5000;

export class RecentPast {
  #steps: Step[] = [];

  /** To be told before `changes` are committed to `state`. */
  remember(state: State, changes: readonly Change[], nowMs: number): void {
    const undo = changes.map(({ table, id }) => {
      const value = state.get(table, id);
      return (value === undefined ? { table, id } : { table, id, value }) as Change;
    });
    this.#steps = this.#steps.filter(({ atMs }) => atMs > nowMs - LONGEST_LAG_MS);
    this.#steps.push({ atMs: nowMs, undo });
  }

  /** The state as it was at that time. */
  at(state: State, timeMs: number): View {
    const past = new Draft(state);
    for (const { atMs, undo } of this.#steps.toReversed()) {
      if (atMs <= timeMs) break;
      for (const { table, id, value } of undo) {
        if (value === undefined) past.remove(table, id);
        else past.put(table, value);
      }
    }
    return past;
  }
}

/** How far behind a describe call is, in milliseconds: most not at all, some up to `longest`. */
export const drawLag = (random: () => number, longest: number): number =>
  longest > 0 && random() < 0.3 ? Math.round(random() * longest) : 0;
