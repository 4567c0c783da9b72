/** What the API server makes of an object that it is given: the fields that it owns, and the split of spec and status. */
import { isDeepStrictEqual } from 'node:util';

import type { ObjectMeta } from '../../core/records/node-network.ts';
import type { KubeObject, Resource } from '../port.ts';

/** An object with the two parts that Kubernetes treats apart. */
export interface Stored extends KubeObject {
  readonly spec?: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number };
  readonly status?: unknown;
}

/** Groups of Kubernetes' own have no dot, or end so. */
const isCustom = ({ group }: Resource): boolean => group.includes('.') && !group.endsWith('.k8s.io');

/** All custom resources of the double have the status subresource. */
const hasStatus = (resource: Resource): boolean =>
  isCustom(resource) || (resource.group === '' && ['pods', 'nodes', 'namespaces'].includes(resource.plural));

/** The fields of metadata that a patch may name as a condition; the status of a custom resource looks at one only. */
export const preconditions = (resource: Resource, subresource?: 'status'): readonly ('uid' | 'resourceVersion')[] =>
  isCustom(resource) && subresource === 'status' ? ['resourceVersion'] : ['uid', 'resourceVersion'];

export interface Identity {
  readonly name: string;
  readonly uid: string;
  readonly creationTimestamp: string;
}

export function born<T extends Stored>(resource: Resource, given: T, identity: Identity): T {
  const generation = isCustom(resource) ? { generation: 1 } : {};
  const { deletionTimestamp: _, resourceVersion: __, ...metadata }: ObjectMeta = given.metadata;
  const object = { ...given, metadata: { ...metadata, ...identity, ...generation } };
  if (resource.plural === 'pods') return { ...object, status: { phase: 'Pending' } };
  if (!isCustom(resource)) return object;
  const { status: ___, ...rest } = object;
  return rest as T;
}

/** `wanted` after a patch, with what the API server does not let the patch change. */
export function changed<T extends Stored>(resource: Resource, current: T, wanted: T, subresource?: 'status'): T {
  if (subresource === 'status') return withStatus(current, wanted.status);
  const { uid, creationTimestamp, deletionTimestamp, generation, resourceVersion } = current.metadata;
  const owned = { uid, creationTimestamp, deletionTimestamp, generation, resourceVersion };
  const metadata = { ...wanted.metadata, ...owned } as ObjectMeta;
  const next = hasStatus(resource) ? withStatus({ ...wanted, metadata }, current.status) : { ...wanted, metadata };
  const bare = (object: T): unknown => ({ ...object, metadata: undefined, status: undefined });
  const raise = generation !== undefined && !isDeepStrictEqual(tidy(bare(current)), tidy(bare(next)));
  return raise ? withMetadata(next, { generation: generation + 1 }) : next;
}

function withStatus<T extends Stored>(object: T, status: unknown): T {
  const { status: _, ...rest } = object;
  return (status === undefined ? rest : { ...rest, status }) as T;
}

export const withMetadata = <T extends Stored>(object: T, more: Partial<ObjectMeta>): T => ({
  ...object,
  metadata: { ...object.metadata, ...more },
});

/** Without the keys whose value is undefined, as JSON has it. */
export const tidy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export type Deletion = 'now' | 'marked';

/** Finalizers and, for pods on a node, the kubelet decide when an object really goes. */
export function deletionOf(resource: Resource, { metadata, spec }: Stored): Deletion {
  if ((metadata.finalizers ?? []).length > 0) return 'marked';
  const graceful =
    resource.plural === 'pods' && (spec?.nodeName ?? '') !== '' && spec?.terminationGracePeriodSeconds !== 0;
  return graceful ? 'marked' : 'now';
}

export function marked<T extends Stored>(object: T, deletionTimestamp: string): T {
  const { generation } = object.metadata;
  return withMetadata(object, {
    deletionTimestamp,
    ...(generation === undefined ? {} : { generation: generation + 1 }),
  });
}

/** Marked for deletion, and nothing holds it any more. */
export const isLeaving = (resource: Resource, object: Stored): boolean =>
  object.metadata.deletionTimestamp !== undefined && deletionOf(resource, object) === 'now';
