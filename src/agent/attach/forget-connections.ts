/**
 * Deletes the tracked connections of addresses that have no holder any more. It costs a walk over the machine's whole
 * table, some 10 ms of the kernel's time, so one walk serves all pods that left within a second; an address cools down
 * for longer than that before it serves another.
 */
import type { Ip } from '../../core/address/ip.ts';
import { describeError } from '../../core/errors/coded-error.ts';
import type { Kernel } from '../../linux/port.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../../daemon/log.ts';

export interface Forgetter {
  forget(...addresses: readonly Ip[]): void;
  /** Does it at once if it is still to be done for the address: a branch's serves the same pod again without cooling. */
  settle(address: Ip): void;
  stop(): void;
}

const GATHER_MS = 1000;

export function createForgetter({ kernel, clock, log }: { kernel: Kernel; clock: Clock; log: Log }): Forgetter {
  const pending = new Set<Ip>();
  let cancel: (() => void) | undefined;
  const walk = (): void => {
    cancel = undefined;
    try {
      kernel.forgetConnections(kernel.self(), ...pending);
      pending.clear();
    } catch (error) {
      log.warn({ error: describeError(error), addresses: pending.size }, 'could not delete tracked connections');
      cancel = clock.after(GATHER_MS, walk);
    }
  };
  return {
    forget(...addresses) {
      for (const address of addresses) pending.add(address);
      if (pending.size > 0) cancel ??= clock.after(GATHER_MS, walk);
    },
    settle(address) {
      if (!pending.has(address)) return;
      cancel?.();
      walk();
    },
    stop: () => cancel?.(),
  };
}
