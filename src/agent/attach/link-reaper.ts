/**
 * Deletes the host sides of pods that have gone. Runtimes take a pod's namespace away, and the link with it; where one
 * lives on, its link must not. The kernel waits some 19 ms for each deletion, so those that are due go together.
 */
import { describeError } from '../../core/errors/coded-error.ts';
import type { Log } from '../../daemon/log.ts';
import type { Kernel } from '../../linux/port.ts';
import type { Clock } from '../clock.ts';

export interface LinkReaper {
  /** Gives the runtime its time first. */
  later(...links: readonly string[]): void;
  /** It is in use again. */
  keep(link: string): void;
  stop(): void;
}

export interface LinkReaperOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Log;
  /** Required: how long a link is left to its namespace. */
  readonly graceMs: number;
}

const GATHER_MS = 100;

export function createLinkReaper({ kernel, clock, log, graceMs }: LinkReaperOptions): LinkReaper {
  const dueMs = new Map<string, number>();
  let cancel: (() => void) | undefined;

  const later = (...links: readonly string[]): void => {
    for (const link of links) {
      // Put at the end, so that the map stays in due order.
      dueMs.delete(link);
      dueMs.set(link, clock.nowMs() + graceMs);
    }
    schedule();
  };
  const reap = async (): Promise<void> => {
    const due = [...dueMs].filter(([, at]) => at <= clock.nowMs()).map(([link]) => link);
    for (const link of due) dueMs.delete(link);
    schedule();
    try {
      await kernel.deleteLinks(kernel.self(), due);
    } catch (error) {
      log.warn({ error: describeError(error), links: due }, 'could not delete links');
      later(...due);
    }
  };
  const schedule = (): void => {
    const [next] = dueMs.values();
    if (next === undefined) return;
    cancel ??= clock.after(Math.max(0, next - clock.nowMs()) + GATHER_MS, () => {
      cancel = undefined;
      void reap();
    });
  };
  return { later, keep: (link) => void dueMs.delete(link), stop: () => cancel?.() };
}
