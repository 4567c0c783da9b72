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
}

/** A server that ends every watch at once would else be asked without a pause. */
const SHORT_WATCH_MS = 1_000;

export function createInformer<Raw extends KubeObject, T>(options: InformerOptions<Raw, T>): Informer<T> {
  const { kube, resource, selection = {}, project, clock, random, logger, onError } = options;
  const cache = createObjectCache({ resource, project, logger, ...(onError === undefined ? {} : { onError }) });
  const stopping = new AbortController();
  const { signal } = stopping;
  const aborted = new Promise<'aborted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });

  /** Where the next watch begins; undefined: a list comes first. */
  let position: string | undefined;
  let failures = 0;

  const list = async (): Promise<void> => {
    const answer = await Promise.race([kube.list<Raw>(resource, selection), aborted]);
    if (answer === 'aborted') return;
    cache.replace(answer.items);
    position = answer.resourceVersion;
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
        if (!signal.aborted) await failed(error);
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
