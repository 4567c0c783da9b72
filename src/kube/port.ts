/**
 * Kubernetes as both daemons see it. Objects are plain JSON values; each room declares the few fields that it reads
 * (`objects.ts`). Implemented by `client.ts` over HTTPS and by `testing/double.ts` in memory; one contract suite holds
 * both to the same behaviour. Failures are CodedErrors: kube-unreachable, kube-refused, kube-conflict, kube-expired,
 * kube-not-found.
 */
import type { ObjectMeta } from '../core/records/node-network.ts';

/** Where a kind of object lives in the API. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

export interface ObjectRef {
  readonly name: string;
  /** Required for namespaced resources. */
  readonly namespace?: string;
}

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export type WatchEvent<T> =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export type Patch =
  /** RFC 7386. */
  | { readonly type: 'merge'; readonly body: unknown }
  /** RFC 6902. */
  | { readonly type: 'json'; readonly body: readonly unknown[] }
  /**
   * Server-side apply: all that `manager` wants of the object. It makes one that is absent, and takes back what the
   * manager applied before and no longer names. A field that another has set otherwise is kube-conflict unless forced.
   */
  | { readonly type: 'apply'; readonly body: KubeObject; readonly manager: string; readonly force?: boolean };

export interface Kube {
  /** undefined when there is no such object. */
  get<T extends KubeObject>(resource: Resource, ref: ObjectRef): Promise<T | undefined>;
  /** All pages. */
  list<T extends KubeObject>(resource: Resource, selection?: Selection): Promise<ObjectList<T>>;
  /**
   * Events since `resourceVersion`; ends when the server ends it, throws kube-expired on 410, and must be left by
   * aborting `signal`, upon which it ends without an error.
   */
  watch<T extends KubeObject>(
    resource: Resource,
    options: Selection & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>>;
  /** kube-conflict when it exists already. With `generateName` the server completes the name; `name` is then empty. */
  create<T extends KubeObject>(resource: Resource, object: T): Promise<T>;
  /**
   * Preconditions fail with kube-conflict: `metadata.resourceVersion` in the body, `metadata.uid` in the body (which the
   * status subresource of a custom resource ignores), and a JSON patch that does not fit the object, above all a `test`.
   */
  patch<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    patch: Patch,
    options?: { readonly subresource?: 'status' },
  ): Promise<T>;
  /** An absent object is success; one with another uid is kube-conflict. */
  delete(resource: Resource, ref: ObjectRef, options?: { readonly uid?: string }): Promise<void>;
}

/** A cache of one resource, kept by list and watch. */
export interface Informer<T> {
  /** Resolves after the first full list. */
  readonly synced: Promise<void>;
  hasSynced(): boolean;
  get(ref: ObjectRef): T | undefined;
  all(): readonly T[];
  /** Called after each change of the cache; returns the way to unsubscribe. */
  onChange(listener: (change: Change<T>) => void): () => void;
  stop(): Promise<void>;
}

export interface Change<T> {
  /** undefined once, when the first list is complete: it may have been empty, and that is news too. */
  readonly ref: ObjectRef | undefined;
  /** As the cache has it now; undefined: it is gone. */
  readonly object: T | undefined;
  /** As the cache had it before; absent: it is new. Of what is gone, this tells what it was. */
  readonly previous?: T;
}
