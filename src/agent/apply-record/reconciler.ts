/**
 * `record.reconcile`: brings into force what the world says, again after failures and while links are missing, and tells
 * those who wait. It coalesces: a burst of changes is one application.
 */
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../../daemon/log.ts';
import type { Accepted } from '../world/accepted-file.ts';
import type { World } from '../world/world.ts';
import type { RecordKeeper } from './record-keeper.ts';

export interface ReconcilerOptions {
  readonly world: World;
  readonly keeper: RecordKeeper;
  readonly clock: Clock;
  readonly log: Log;
  /** A record came into force: keep what it needs. */
  readonly onAccepted: (accepted: Accepted) => void;
  readonly onChange: () => void;
}

export interface Reconciler {
  start(): void;
  stop(): void;
  /** Apply again soon, also when nothing in the world has changed. */
  request(): void;
  /** Listeners are called after each look at the world, whatever came of it. */
  subscribe(listener: () => void): () => void;
  /** Why the latest record is not in force. */
  refusal(): CodedError | undefined;
}

/** Until an interface that EC2 has attached shows as a link. */
const MISSING_LINK_MS = 200;
const FAILURE_MS = 1000;

export function createReconciler({ world, keeper, clock, log, onAccepted, onChange }: ReconcilerOptions): Reconciler {
  const listeners = new Set<() => void>();
  let refusal: CodedError | undefined;
  let applied = '';
  let told = '';
  let scheduled: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  let leave = (): void => undefined;
  let running = false;

  const schedule = (delayMs: number): void => {
    const dueMs = clock.nowMs() + delayMs;
    if (!running || (scheduled !== undefined && scheduled.dueMs <= dueMs)) return;
    scheduled?.cancel();
    scheduled = { dueMs, cancel: clock.after(delayMs, look) };
  };
  const look = (): void => {
    scheduled = undefined;
    const accepted = world.accepted();
    const { record, settings, securityGroups } = accepted;
    // Pods and service accounts change far more often than what is applied here.
    const text = JSON.stringify([
      record?.metadata.generation,
      record?.spec,
      securityGroups.map(({ spec }) => spec),
      settings,
    ]);
    if (record !== undefined && settings !== undefined && text !== applied) {
      try {
        // What comes of a failure is neither the last nor this one.
        applied = '';
        const { missing, refused, generation } = keeper.apply(record, securityGroups, settings);
        refusal = undefined;
        if (missing.length > 0) schedule(MISSING_LINK_MS);
        else if (refused.size > 0) schedule(FAILURE_MS);
        else applied = text;
        if (told !== text) {
          onAccepted(accepted);
          log.info(
            { generation, missing, sets: record.spec.sets.length, branches: record.spec.branches?.length },
            'record in force',
          );
          for (const [id, { message }] of refused) log.error({ interface: id, error: message }, 'interface not usable');
        }
        told = text;
      } catch (error) {
        refusal =
          error instanceof CodedError
            ? error
            : new CodedError('kernel-refused', { detail: describeError(error), cause: error });
        log.error({ error: describeError(error) }, 'could not put the record in force');
        schedule(FAILURE_MS);
      }
    }
    onChange();
    for (const listener of listeners) listener();
  };
  return {
    start() {
      running = true;
      leave = world.onChange(() => schedule(0));
      look();
    },
    stop() {
      running = false;
      leave();
      scheduled?.cancel();
    },
    request() {
      applied = '';
      schedule(0);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refusal: () => refusal,
  };
}
