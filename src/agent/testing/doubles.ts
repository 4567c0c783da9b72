/** A clock and informers that a test moves by hand. */
import type { ObjectRef, Informer } from '../../kube/port.ts';
import type { ObjectMeta } from '../../core/records/node-network.ts';
import type { Clock } from '../clock.ts';

export interface ClockDouble extends Clock {
  /** Fires what is due, in due order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
}

export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function clockDouble(): ClockDouble {
  let now = 1_000_000;
  let timers: { readonly dueMs: number; readonly action: () => void }[] = [];
  return {
    nowMs: () => now,
    timestamp: () => new Date(now).toISOString(),
    after(delayMs, action) {
      const timer = { dueMs: now + delayMs, action };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        const [next] = timers.filter(({ dueMs }) => dueMs <= end).sort((a, b) => a.dueMs - b.dueMs);
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = Math.max(now, next.dueMs);
        next.action();
      }
      now = end;
      await settle();
    },
  };
}

interface Named {
  readonly metadata: ObjectMeta;
}
export interface InformerDouble<T> extends Informer<T> {
  /** Makes it synced. */
  set(...objects: readonly T[]): void;
  /** As after a start while the API server is away. */
  forget(): void;
}

export function informerDouble<T extends Named>(...initial: readonly T[]): InformerDouble<T> {
  let objects = initial;
  let synced = false;
  const listeners = new Set<Parameters<Informer<T>['onChange']>[0]>();
  const get = ({ name, namespace }: ObjectRef): T | undefined =>
    objects.find(
      ({ metadata }) => metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
    );
  return {
    synced: Promise.resolve(),
    hasSynced: () => synced,
    get,
    all: () => objects,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => Promise.resolve(),
    forget() {
      objects = [];
      synced = false;
    },
    set(...next) {
      objects = next;
      synced = true;
      for (const listener of listeners) listener({ ref: { name: '' }, object: undefined });
    },
  };
}
