/** From a resource to the path of the API that serves it. */
import type { ObjectRef, Resource, Selection } from '../port.ts';

export type Query = Readonly<Record<string, string | number | undefined>>;

export const collectionPath = ({ group, version, namespaced, plural }: Resource, namespace?: string): string => {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced && namespace !== undefined
    ? `${root}/namespaces/${segment(namespace)}/${plural}`
    : `${root}/${plural}`;
};

export function objectPath(resource: Resource, { name, namespace }: ObjectRef, subresource?: string): string {
  if (resource.namespaced && (namespace === undefined || namespace === '')) {
    throw new TypeError(`${resource.kind} ${name} needs a namespace`);
  }
  const path = `${collectionPath(resource, namespace)}/${segment(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** An empty name would address the collection, and a DELETE on it everything in it; a dotted one a parent. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') throw new TypeError(`"${name}" names no object`);
  return encodeURIComponent(name);
}

export const selectionQuery = ({ labelSelector, fieldSelector }: Selection): Query => ({
  labelSelector,
  fieldSelector,
});

export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}
