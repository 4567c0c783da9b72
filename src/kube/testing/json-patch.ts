/** RFC 6902, on plain JSON values. Throws where the document does not have what an operation needs. */
import { isDeepStrictEqual } from 'node:util';

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

type Container = Record<string, unknown> | unknown[];

/** All or nothing: `document` itself is never changed. */
export function jsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  // The whole document has the empty path, hence a holder around it.
  const holder: { root: unknown } = { root: structuredClone(document) };
  for (const operation of operations) apply(holder, operation);
  return holder.root;
}

function apply(holder: { root: unknown }, { op, path, from = '', value }: JsonPatchOperation): void {
  switch (op) {
    case 'add':
      add(holder, path, structuredClone(value));
      return;
    case 'remove':
      remove(holder, path);
      return;
    case 'replace':
      remove(holder, path);
      add(holder, path, structuredClone(value));
      return;
    case 'move':
      add(holder, path, remove(holder, from));
      return;
    case 'copy':
      add(holder, path, structuredClone(read(holder, from)));
      return;
    case 'test':
      if (!isDeepStrictEqual(read(holder, path), value)) throw new Error(`the test of ${path} failed`);
  }
}

function add(holder: { root: unknown }, path: string, value: unknown): void {
  const { parent, key } = locate(holder, path);
  if (!Array.isArray(parent)) parent[key] = value;
  else parent.splice(key === '-' ? parent.length : indexIn(parent, key, parent.length), 0, value);
}

function remove(holder: { root: unknown }, path: string): unknown {
  const value = read(holder, path);
  const { parent, key } = locate(holder, path);
  if (Array.isArray(parent)) parent.splice(indexIn(parent, key, parent.length - 1), 1);
  else delete parent[key];
  return value;
}

function read(holder: { root: unknown }, path: string): unknown {
  const { parent, key } = locate(holder, path);
  if (Array.isArray(parent)) return parent[indexIn(parent, key, parent.length - 1)];
  if (!Object.hasOwn(parent, key)) throw new Error(`there is no ${path}`);
  return parent[key];
}

function locate(holder: { root: unknown }, path: string): { parent: Container; key: string } {
  const keys = ['root', ...path.split('/').slice(1).map(unescape)];
  let parent: Container = holder;
  for (const key of keys.slice(0, -1)) {
    const next: unknown = Array.isArray(parent) ? parent[indexIn(parent, key, parent.length - 1)] : parent[key];
    if (typeof next !== 'object' || next === null) throw new Error(`there is no ${path}`);
    parent = next as Container;
  }
  return { parent, key: keys.at(-1) ?? 'root' };
}

const unescape = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');

function indexIn(list: readonly unknown[], key: string, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1;
  if (index < 0 || index > last) throw new Error(`there is no element ${key} in a list of ${list.length}`);
  return index;
}
