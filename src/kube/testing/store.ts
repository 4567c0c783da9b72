/** The objects of the double. Every change gets the next version and goes into the history, so watches miss nothing. */
import { CodedError } from '../../core/errors/coded-error.ts';
import { collectionPath, objectPath } from '../http/url.ts';
import type { ObjectRef, Resource, Selection } from '../port.ts';
import type { History } from './history.ts';
import { tidy, withMetadata, type Stored } from './lifecycle.ts';
import { createMatcher } from './selectors.ts';

export interface Store {
  find(resource: Resource, ref: ObjectRef): Stored | undefined;
  /** kube-not-found where {@link find} has undefined. */
  existing(resource: Resource, ref: ObjectRef): Stored;
  /** Sorted as etcd has them. */
  all(resource: Resource, selection?: Selection): readonly Stored[];
  put(resource: Resource, object: Stored): Stored;
  remove(resource: Resource, object: Stored): void;
}

/** All values handed out are copies: callers own them, as they own what came from a wire. */
export function createStore(history: History): Store {
  /** By the path of the collection, then of the object. */
  const collections = new Map<string, Map<string, Stored>>();
  const collection = (resource: Resource): Map<string, Stored> => {
    const path = collectionPath(resource);
    const known = collections.get(path) ?? new Map<string, Stored>();
    collections.set(path, known);
    return known;
  };
  const find = (resource: Resource, ref: ObjectRef): Stored | undefined =>
    structuredClone(collection(resource).get(objectPath(resource, ref)));

  return {
    find,
    existing(resource, ref) {
      const object = find(resource, ref);
      if (object !== undefined) return object;
      throw new CodedError('kube-not-found', { detail: `404 ${resource.plural} "${ref.name}" not found` });
    },
    all(resource, selection = {}) {
      const matches = createMatcher(resource, selection);
      return [...collection(resource)]
        .filter(([, object]) => matches(object))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, object]) => structuredClone(object));
    },
    put(resource, object) {
      const path = objectPath(resource, object.metadata);
      const before = collection(resource).get(path);
      const version = history.next();
      const after = tidy(withMetadata(object, { resourceVersion: String(version) }));
      collection(resource).set(path, after);
      history.record({ version, collection: collectionPath(resource), before, after, last: after });
      return structuredClone(after);
    },
    remove(resource, object) {
      const path = objectPath(resource, object.metadata);
      const before = collection(resource).get(path);
      if (!collection(resource).delete(path)) return;
      const version = history.next();
      const last = tidy(withMetadata(object, { resourceVersion: String(version) }));
      history.record({ version, collection: collectionPath(resource), before, after: undefined, last });
    },
  };
}
