/** What an informer knows: projections by name, and who is told of their changes. It must never see the network. */
import { describeError } from '../core/errors/coded-error.ts';
import type { Log } from '../daemon/log.ts';
import type { Change, KubeObject, ObjectRef, Resource } from './port.ts';

export interface ObjectCacheOptions<Raw, T> {
  readonly resource: Resource;
  readonly project: (object: Raw) => T;
  readonly logger: Log;
  readonly onError?: (error: unknown) => void;
}

export interface ObjectCache<Raw, T> {
  readonly synced: Promise<void>;
  hasSynced(): boolean;
  get(ref: ObjectRef): T | undefined;
  all(): readonly T[];
  onChange(listener: (change: Change<T>) => void): () => void;
  put(object: Raw): void;
  remove(object: Raw): void;
  /** What is not among them is gone. */
  replace(objects: readonly Raw[]): void;
}

interface Entry<T> {
  readonly ref: ObjectRef;
  readonly object: T;
  readonly resourceVersion: string | undefined;
}

export function createObjectCache<Raw extends KubeObject, T>(options: ObjectCacheOptions<Raw, T>): ObjectCache<Raw, T> {
  const { resource, project, logger, onError } = options;
  let entries = new Map<string, Entry<T>>();
  const listeners = new Set<(change: Change<T>) => void>();
  let hasSynced = false;
  const { promise: synced, resolve: resolveSynced } = Promise.withResolvers<void>();

  /** A slash is in no name of Kubernetes. */
  const keyOf = ({ namespace, name }: ObjectRef): string => (resource.namespaced ? `${namespace ?? ''}/${name}` : name);
  const refOf = ({ metadata: { name, namespace } }: Raw): ObjectRef =>
    namespace === undefined ? { name } : { name, namespace };

  const tell = (change: Change<T>): void => {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        logger.warn({ resource: resource.plural, ref: change.ref, error: describeError(error) }, 'a listener failed');
      }
    }
  };
  /** An object that cannot be read counts as absent: an older reading of it would be taken for the truth. */
  const entryOf = (object: Raw): Entry<T> | undefined => {
    const ref = refOf(object);
    try {
      return { ref, object: project(object), resourceVersion: object.metadata.resourceVersion };
    } catch (error) {
      logger.warn({ resource: resource.plural, ref, error: describeError(error) }, 'an object cannot be read');
      onError?.(error);
      return undefined;
    }
  };
  const drop = (ref: ObjectRef): void => {
    const before = entries.get(keyOf(ref));
    if (entries.delete(keyOf(ref))) tell({ ref, object: undefined, ...previous(before) });
  };

  return {
    synced,
    hasSynced: () => hasSynced,
    get: (ref) => entries.get(keyOf(ref))?.object,
    all: () => [...entries.values()].map(({ object }) => object),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put(object) {
      const entry = entryOf(object);
      if (entry === undefined) {
        drop(refOf(object));
        return;
      }
      const before = entries.get(keyOf(entry.ref));
      entries.set(keyOf(entry.ref), entry);
      tell({ ref: entry.ref, object: entry.object, ...previous(before) });
    },
    remove: (object) => drop(refOf(object)),
    replace(objects) {
      const before = entries;
      entries = new Map();
      for (const object of objects) {
        const entry = entryOf(object);
        if (entry !== undefined) entries.set(keyOf(entry.ref), entry);
      }
      const first = !hasSynced;
      hasSynced = true;
      // Everything is in place before anyone is told of anything.
      for (const [key, entry] of before) {
        if (!entries.has(key)) tell({ ref: entry.ref, object: undefined, ...previous(entry) });
      }
      for (const [key, { ref, object, resourceVersion }] of entries) {
        const known = before.get(key);
        const same = known?.resourceVersion !== undefined && known.resourceVersion === resourceVersion;
        if (!same) tell({ ref, object, ...previous(known) });
      }
      if (!first) return;
      tell({ ref: undefined, object: undefined });
      resolveSynced();
    },
  };
}

const previous = <T>(entry: Entry<T> | undefined): { readonly previous?: T } =>
  entry === undefined ? {} : { previous: entry.object };
