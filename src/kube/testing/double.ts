/**
 * An API server in memory, behind the port, for tests in milliseconds. `kube.suite.ts` holds it to what the real one
 * does. It neither validates objects nor runs controllers, and a namespace need not exist.
 */
import { isDeepStrictEqual } from 'node:util';

import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { KubeErrorCode } from '../http/status.ts';
import { collectionPath } from '../http/url.ts';
import type { Kube, KubeObject, ObjectList, ObjectRef, Patch, Resource, Selection, WatchEvent } from '../port.ts';
import { resources } from '../resources.ts';
import { createFieldOwners } from './field-owners.ts';
import { createHistory } from './history.ts';
import { jsonPatch, type JsonPatchOperation } from './json-patch.ts';
import { born, changed, deletionOf, isLeaving, marked, preconditions, tidy, type Stored } from './lifecycle.ts';
import { mergePatch } from './merge-patch.ts';
import { createMatcher } from './selectors.ts';
import { createStore } from './store.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';

export interface RecordedCall {
  readonly verb: Verb;
  readonly resource: Resource;
  /** Absent for list and watch. */
  readonly ref?: ObjectRef;
  readonly patch?: Patch;
  readonly subresource?: 'status';
}

export interface KubeDouble extends Kube {
  /** All calls so far, in order; a test may empty it. */
  readonly calls: RecordedCall[];
  /** All objects of a resource, as `list` orders them. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in the port, the caller knows the type
  objects<T extends KubeObject>(resource: Resource): readonly T[];
  /** false: watches are cut and every call is kube-unreachable until true. */
  setReachable(reachable: boolean): void;
  /** The next call that fits fails so, having done nothing. */
  failNext(code: KubeErrorCode, call?: { readonly verb?: Verb; readonly resource?: Resource }): void;
  /** Ends every watch in good order. */
  endWatches(): void;
  /** Forgets its history: open watches and older positions are kube-expired. */
  expireHistory(): void;
  sendBookmarks(): void;
  /** As the kubelet when the last container of a deleted pod has stopped. */
  finishPod(ref: ObjectRef): void;
}

export interface KubeDoubleOptions {
  /** What stands in timestamps; default: the beginning of 2026. */
  readonly date?: () => Date;
}

export function createKubeDouble({
  date = () => new Date('2026-01-01T00:00:00Z'),
}: KubeDoubleOptions = {}): KubeDouble {
  const history = createHistory();
  const store = createStore(history);
  const owners = createFieldOwners();
  const calls: RecordedCall[] = [];
  const failures: { readonly code: KubeErrorCode; readonly verb?: Verb; readonly resource?: Resource }[] = [];
  let reachable = true;
  let creations = 0;
  const timestamp = (): string =>
    date()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
  const unreachable = (): CodedError => new CodedError('kube-unreachable', { detail: 'the double is set unreachable' });

  const called = async (call: RecordedCall): Promise<void> => {
    calls.push(call);
    // A call takes a moment, as on a wire: whoever relies on its being immediate is found out.
    await Promise.resolve();
    if (!reachable) throw unreachable();
    const index = failures.findIndex(
      ({ verb = call.verb, resource = call.resource }) =>
        verb === call.verb && collectionPath(resource) === collectionPath(call.resource),
    );
    const [failure] = index === -1 ? [] : failures.splice(index, 1);
    if (failure !== undefined) throw new CodedError(failure.code, { detail: `this ${call.verb} was told to fail` });
  };

  const bear = (resource: Resource, object: KubeObject, name = object.metadata.name): Stored => {
    const identity = { name, uid: uidOf(creations), creationTimestamp: timestamp() };
    return store.put(resource, born(resource, tidy(object) as Stored, identity));
  };

  const update = (
    resource: Resource,
    current: Stored,
    { wanted, subresource }: { readonly wanted: Stored; readonly subresource: 'status' | undefined },
  ): Stored => {
    for (const field of preconditions(resource, subresource)) {
      if (wanted.metadata[field] === undefined || wanted.metadata[field] === current.metadata[field]) continue;
      throw new CodedError('kube-conflict', {
        detail: `409 ${resource.plural} "${current.metadata.name}" has another ${field}`,
      });
    }
    const next = tidy(changed(resource, current, wanted, subresource));
    if (isDeepStrictEqual(next, current)) return current;
    if (!isLeaving(resource, next)) return store.put(resource, next);
    store.remove(resource, next);
    return next;
  };

  return {
    calls,
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see the interface
    objects: <T extends KubeObject>(resource: Resource) => store.all(resource) as unknown as readonly T[],
    setReachable(value) {
      reachable = value;
      if (!value) history.end(unreachable());
    },
    failNext: (code, call = {}) => void failures.push({ code, ...call }),
    endWatches: () => history.end(),
    expireHistory: () => history.expire(),
    sendBookmarks: () => history.bookmark(),
    finishPod(ref) {
      const pod = store.existing(resources.pods, ref);
      if ((pod.metadata.finalizers ?? []).length === 0) store.remove(resources.pods, pod);
    },

    async get<T extends KubeObject>(resource: Resource, ref: ObjectRef) {
      await called({ verb: 'get', resource, ref });
      return store.find(resource, ref) as T | undefined;
    },
    async list<T extends KubeObject>(resource: Resource, selection: Selection = {}): Promise<ObjectList<T>> {
      await called({ verb: 'list', resource });
      const items = store.all(resource, selection) as unknown as readonly T[];
      return { items, resourceVersion: String(history.version()) };
    },
    async *watch<T extends KubeObject>(resource: Resource, watchOptions: Parameters<Kube['watch']>[1]) {
      const { resourceVersion, signal, ...selection } = watchOptions;
      if (signal.aborted) return;
      await called({ verb: 'watch', resource });
      const matches = createMatcher(resource, selection);
      const input = { collection: collectionPath(resource), matches, since: Number(resourceVersion), signal };
      yield* history.watch(input) as AsyncGenerator<WatchEvent<T>, void, undefined>;
    },
    async create<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
      creations += 1;
      const { name: given, generateName, ...rest } = object.metadata;
      const name = given === '' && generateName !== undefined ? generateName + suffix(creations) : given;
      const ref = { ...rest, name };
      await called({ verb: 'create', resource, ref });
      if (store.find(resource, ref) !== undefined) {
        throw new CodedError('kube-conflict', { detail: `409 ${resource.plural} "${name}" already exists` });
      }
      const made = bear(resource, object, name);
      owners.written(undefined, made);
      return made as unknown as T;
    },
    async patch<T extends KubeObject>(
      resource: Resource,
      ref: ObjectRef,
      patch: Patch,
      { subresource }: { readonly subresource?: 'status' } = {},
    ): Promise<T> {
      await called({ verb: 'patch', resource, ref, patch, ...(subresource === undefined ? {} : { subresource }) });
      const current = patch.type === 'apply' ? store.find(resource, ref) : store.existing(resource, ref);
      const wanted = patch.type === 'apply' ? owners.applied(current, patch) : patched(current, patch);
      if (current === undefined) creations += 1;
      const next = current === undefined ? bear(resource, wanted) : update(resource, current, { wanted, subresource });
      if (patch.type === 'apply') owners.claim(current, next, patch);
      else owners.written(current, next);
      return next as unknown as T;
    },
    async delete(resource, ref, { uid } = {}) {
      await called({ verb: 'delete', resource, ref });
      const object = store.find(resource, ref);
      if (object === undefined) return;
      if (uid !== undefined && uid !== object.metadata.uid) {
        throw new CodedError('kube-conflict', { detail: `409 ${resource.plural} "${ref.name}" has another uid` });
      }
      if (deletionOf(resource, object) === 'now') store.remove(resource, object);
      else if (object.metadata.deletionTimestamp === undefined) store.put(resource, marked(object, timestamp()));
    },
  };
}

const suffix = (count: number): string => count.toString(36).padStart(5, '0');
const uidOf = (count: number): string => `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;

function patched(current: Stored | undefined, patch: Exclude<Patch, { readonly type: 'apply' }>): Stored {
  if (patch.type === 'merge') return mergePatch(current, patch.body) as Stored;
  try {
    return jsonPatch(current, patch.body as readonly JsonPatchOperation[]) as Stored;
  } catch (error) {
    throw new CodedError('kube-conflict', { detail: `422 ${describeError(error)}`, cause: error });
  }
}
