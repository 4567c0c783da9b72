/**
 * Our reflector: lists, then watches from there, for ever. No error ends it; only `stop` does. Objects are projected
 * before they are kept, since the cache of every node counts once per node.
 */
import { CodedError, describeError } from '../core/errors/coded-error.ts';
import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Log } from '../daemon/log.ts';
import { createObjectCache } from './object-cache.ts';
import type { Informer, Kube, KubeObject, Resource, Selection, WatchEvent } from './port.ts';

export interface InformerOptions<Raw extends KubeObject, T> {
  readonly kube: Pick<Kube, 'list' | 'watch'>;
  readonly resource: Resource;
  /** Default: all objects. */
  readonly selection?: Selection;
  readonly project: (object: Raw) => T;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Log;
  /** Told of every failed attempt, for health; the informer goes on by itself. */
  readonly onError?: (error: unknown) => void;
  /**
   * Default false. True: a kind that the API server does not know (404) has no objects, until it knows it. Only that
   * answer says so: one who may not list it (403) knows nothing of it.
   */
  readonly mayBeAbsent?: boolean;
}

/** A server that ends every watch at once would else be asked without a pause. */
const SHORT_WATCH_MS = 1_000;
/** How long a kind that has just been defined may go unnoticed. */
const ABSENT_POLL_MS = 10_000;

export function createInformer<Raw extends KubeObject, T>(options: InformerOptions<Raw, T>): Informer<T> {
  const { kube, resource, selection = {}, project, clock, random, logger, onError, mayBeAbsent = false } = options;
  const cache = createObjectCache({ resource, project, logger, ...(onError === undefined ? {} : { onError }) });
  const stopping = new AbortController();
  const { signal } = stopping;
  const aborted = new Promise<'aborted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });

  /** Where the next watch begins; undefined: a list comes first. */
  let position: string | undefined;
  let failures = 0;
  /** Answers in a row that there is no such kind. */
  let absences = 0;

  const list = async (): Promise<void> => {
    const answer = await Promise.race([kube.list<Raw>(resource, selection), aborted]);
    if (answer === 'aborted') return;
    absences = 0;
    cache.replace(answer.items);
    position = answer.resourceVersion;
  };

  const absent = async (): Promise<void> => {
    absences += 1;
    // Who deletes a kind deletes its objects first, and the watch tells of each: with some left, it must be said twice.
    if (absences > 1 || cache.all().length === 0) cache.replace([]);
    if (absences === 1) logger.info({ resource: resource.plural }, 'there is no such kind; it is looked for');
    await clock.sleep(backoffMs({ failures: absences, random, capMs: ABSENT_POLL_MS }), signal);
  };

  const take = (event: WatchEvent<Raw>): void => {
    failures = 0;
    if (event.type === 'bookmark') {
      position = event.resourceVersion;
      return;
    }
    const { object, type } = event;
    if (type === 'deleted') cache.remove(object);
    else cache.put(object);
    position = object.metadata.resourceVersion;
  };

  const watch = async (resourceVersion: string): Promise<void> => {
    const startedAt = clock.now();
    let heard = false;
    for await (const event of kube.watch<Raw>(resource, { ...selection, resourceVersion, signal })) {
      if (signal.aborted) return;
      heard = true;
      take(event);
    }
    if (signal.aborted) return;
    if (!heard && clock.now() - startedAt < SHORT_WATCH_MS) {
      throw new CodedError('kube-unreachable', { detail: `the watch of ${resource.plural} ended at once` });
    }
    failures = 0;
  };

  const failed = async (error: unknown): Promise<void> => {
    failures += 1;
    absences = 0;
    // Whatever else a server says of our position, a list answers it; only a lost connection leaves it good.
    const expired = error instanceof CodedError && error.code === 'kube-expired';
    if (!(error instanceof CodedError && error.code === 'kube-unreachable')) position = undefined;
    onError?.(error);
    const waitMs = expired && failures === 1 ? 0 : backoffMs({ failures, random });
    logger.warn({ resource: resource.plural, error: describeError(error), failures, waitMs }, 'informer.watch failed');
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        if (position === undefined) await list();
        else await watch(position);
      } catch (error) {
        if (signal.aborted) return;
        if (mayBeAbsent && position === undefined && isNotFound(error)) await absent();
        else await failed(error);
      }
    }
  };
  const running = run();

  return {
    synced: cache.synced,
    hasSynced: () => cache.hasSynced(),
    get: (ref) => cache.get(ref),
    all: () => cache.all(),
    onChange: (listener) => cache.onChange(listener),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

const isNotFound = (error: unknown): boolean => error instanceof CodedError && error.code === 'kube-not-found';
