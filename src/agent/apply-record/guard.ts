/**
 * `record.guard`: sees to it that what was put in force stays so. It looks as soon as the kernel tells of a change that
 * is none of ours, and in case it told of one too few, once a second, and every 30 s at everything.
 */
import { describeError } from '../../core/errors/coded-error.ts';
import type { Log } from '../../daemon/log.ts';
import type { Kernel } from '../../linux/port.ts';
import type { Clock } from '../clock.ts';
import type { Attention } from './applied.ts';
import type { RecordKeeper } from './record-keeper.ts';

export interface GuardOptions {
  readonly kernel: Kernel;
  readonly keeper: RecordKeeper;
  readonly clock: Clock;
  readonly log: Log;
  /** Brings the record into force again soon. */
  readonly request: () => void;
}

export interface Guard {
  start(): void;
  stop(): void;
}

/** The first event is looked into at once. Whoever takes away what we put back, again and again, must not busy the node. */
const GAP_MS = 100;
/** Others flush rules and rulesets, systemd-networkd when it starts. */
const WATCH_MS = 1000;
/** What only a comparison of everything shows. */
const AUDIT_MS = 30_000;

export function createGuard({ kernel, keeper, clock, log, request }: GuardOptions): Guard {
  let seen = new Set<Attention>();
  let restsUntilMs = 0;
  let cancel: (() => void) | undefined;
  const safely = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      log.error({ error: describeError(error) }, 'could not look at the kernel');
    }
  };
  const repair = (): void => {
    keeper.audit();
    request();
  };
  const look = (scope: { readonly routes: boolean }): void => {
    if (keeper.stands(scope)) return;
    log.warn({}, 'somebody has changed rules, links, routes or the ruleset: putting them back');
    repair();
  };
  const onEvents = (): void => {
    const attention = seen;
    seen = new Set();
    cancel = undefined;
    restsUntilMs = clock.nowMs() + GAP_MS;
    if (attention.has('arrival')) request();
    safely(() => look({ routes: attention.has('routes') }));
  };
  const every = (intervalMs: number, action: () => void): (() => void) => {
    let cancelNext = clock.after(intervalMs, function again() {
      safely(action);
      cancelNext = clock.after(intervalMs, again);
    });
    return () => cancelNext();
  };
  let ends: readonly (() => void)[] = [];
  return {
    start() {
      ends = [every(WATCH_MS, () => look({ routes: false })), every(AUDIT_MS, repair)];
      safely(() => {
        const watch = kernel.watch(kernel.self(), (event) => {
          const attention = keeper.attentionTo(event);
          if (attention === undefined) return;
          seen.add(attention);
          cancel ??= clock.after(Math.max(0, restsUntilMs - clock.nowMs()), onEvents);
        });
        ends = [...ends, () => watch.close()];
      });
    },
    stop() {
      for (const end of ends) end();
      cancel?.();
    },
  };
}
