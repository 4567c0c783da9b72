/**
 * Writes the status where it differs from what was last written. A new generation or condition goes out at once, counts
 * of pools are gathered: a rollout of 100 pods is a handful of writes, not 100.
 */
import { describeError } from '../../core/errors/coded-error.ts';
import type { NodeNetworkStatus } from '../../core/records/node-network.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../../daemon/log.ts';

export interface StatusReporterOptions {
  readonly compute: (previous: NodeNetworkStatus) => NodeNetworkStatus;
  readonly write: (status: NodeNetworkStatus) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface StatusReporter {
  /** Something may have changed. */
  touch(): void;
  stop(): void;
}

const COALESCE_MS = 20;
const COUNTS_EVERY_MS = 2000;
const RETRY_MS = 1000;

export function createStatusReporter({ compute, write, clock, log }: StatusReporterOptions): StatusReporter {
  let last: NodeNetworkStatus = {};
  let lastWriteMs = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;
  let writing = false;
  let stopped = false;

  const schedule = (delayMs: number): void => {
    if (stopped || cancel !== undefined) return;
    cancel = clock.after(delayMs, () => {
      cancel = undefined;
      void flush();
    });
  };
  const flush = async (): Promise<void> => {
    if (writing) return schedule(COALESCE_MS);
    const status = compute(last);
    const urgent = !equal({ ...status, pools: [] }, { ...last, pools: [] });
    if (!urgent && equal(status, last)) return;
    const restMs = lastWriteMs + COUNTS_EVERY_MS - clock.nowMs();
    if (!urgent && restMs > 0) return schedule(restMs);
    writing = true;
    try {
      await write(status);
      last = status;
      lastWriteMs = clock.nowMs();
    } catch (error) {
      log.warn({ error: describeError(error) }, 'could not write the status');
      schedule(RETRY_MS);
    } finally {
      writing = false;
    }
  };
  return {
    touch: () => schedule(COALESCE_MS),
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}

const equal = (a: NodeNetworkStatus, b: NodeNetworkStatus): boolean => JSON.stringify(a) === JSON.stringify(b);
