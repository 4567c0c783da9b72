/**
 * `record.guard`: sees to it that what was put in force stays so. It looks as soon as the kernel tells of a change that
 * is none of ours, and in case it told of one too few, once a second, every 30 s at all but the table's content, which
 * is compared when somebody has touched it.
 */
import { describeError } from '../../core/errors/coded-error.ts';
import type { Log } from '../../daemon/log.ts';
import type { Kernel, NetEvent } from '../../linux/port.ts';
import type { Clock } from '../clock.ts';
import { type Attention, interest } from './applied.ts';
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

/**
 * The first event is looked into at once. Whoever takes away what we put back, again and again, must not busy the node:
 * after each look it rests, for longer the longer the look took (a comparison beside a thousand pods some 40 ms).
 */
const REST_MS = 100;
const REST_TIMES = 20;
/** Others flush rules and rulesets, systemd-networkd when it starts. */
const WATCH_MS = 1000;
/** What nothing tells of. */
const AUDIT_MS = 30_000;
/** The kernel tells of every change in the table: this is in case that is not so. */
const COMPARE_MS = 600_000;

export function createGuard({ kernel, keeper, clock, log, request }: GuardOptions): Guard {
  let seen = new Set<Attention>();
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
  const compare = (): void => {
    if (keeper.isIntact()) return;
    log.warn({}, 'somebody has changed what is in the nftables table: writing it anew');
    request();
  };
  const withRests = (action: () => void): { readonly ask: () => void; readonly stop: () => void } => {
    let restsUntilMs = 0;
    let cancel: (() => void) | undefined;
    const act = (): void => {
      cancel = undefined;
      const startMs = clock.nowMs();
      safely(action);
      const endMs = clock.nowMs();
      restsUntilMs = endMs + Math.max(REST_MS, REST_TIMES * (endMs - startMs));
    };
    return {
      ask: () => void (cancel ??= clock.after(Math.max(0, restsUntilMs - clock.nowMs()), act)),
      stop: () => cancel?.(),
    };
  };
  const comparing = withRests(compare);
  const events = withRests(() => {
    const attention = seen;
    seen = new Set();
    if (attention.has('arrival')) request();
    if (attention.has('content') || attention.has('anything')) comparing.ask();
    look({ routes: attention.has('routes') || attention.has('anything') });
  });
  const every = (intervalMs: number, action: () => void): (() => void) => {
    let cancelNext = clock.after(intervalMs, function again() {
      safely(action);
      cancelNext = clock.after(intervalMs, again);
    });
    return () => cancelNext();
  };
  const watch = (): (() => void) => {
    const onEvent = (event: NetEvent): void => {
      const attention = keeper.attentionTo(event);
      if (attention === undefined) return;
      seen.add(attention);
      events.ask();
    };
    try {
      const watching = kernel.watch(kernel.self(), onEvent, interest);
      const stop = every(COMPARE_MS, compare);
      return () => {
        watching.close();
        stop();
      };
    } catch (error) {
      log.error({ error: describeError(error) }, 'the kernel will not tell of changes: looking more often');
      return every(AUDIT_MS, compare);
    }
  };
  let ends: readonly (() => void)[] = [];
  return {
    start() {
      ends = [every(WATCH_MS, () => look({ routes: false })), every(AUDIT_MS, repair), watch()];
    },
    stop() {
      for (const end of [...ends, comparing.stop, events.stop]) end();
    },
  };
}
