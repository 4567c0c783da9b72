/**
 * Who has written which field, as server-side apply has it (KEP 555). Fields are leaves: maps are merged, lists are whole
 * values, as they are in a custom resource that says nothing else. Of a status nobody keeps account here.
 */
import { isDeepStrictEqual } from 'node:util';

import { CodedError } from '../../core/errors/coded-error.ts';
import type { Patch } from '../port.ts';
import type { Stored } from './lifecycle.ts';
import { isObject, mergePatch } from './merge-patch.ts';

type Apply = Extract<Patch, { readonly type: 'apply' }>;

export interface FieldOwners {
  /** What a creation or another kind of patch has changed is its writer's from then on, and nobody else's. */
  written(before: Stored | undefined, after: Stored): void;
  /** The object as it is to be; undefined: there is none yet. @throws kube-conflict */
  applied(current: Stored | undefined, patch: Apply): Stored;
  /** From then on the manager has all that it applied and nothing else; what it took from others by force is theirs no more. */
  claim(before: Stored | undefined, after: Stored, patch: Apply): void;
}

/** One that applies nothing: all our other writes. */
const WRITER = '';

export function createFieldOwners(): FieldOwners {
  /** By the object's uid, then by manager: paths. */
  const objects = new Map<string, Map<string, Set<string>>>();
  const ownersOf = ({ metadata: { uid = '' } }: Stored): Map<string, Set<string>> => {
    const known = objects.get(uid) ?? new Map<string, Set<string>>();
    objects.set(uid, known);
    return known;
  };
  const othersOf = (object: Stored, manager: string): readonly (readonly [string, Set<string>])[] =>
    [...ownersOf(object)].filter(([name]) => name !== manager);

  return {
    written(before, after) {
      const old = before === undefined ? new Map<string, unknown>() : leavesOf(before);
      const changed = [...leavesOf(after)].filter(([path, value]) => !isDeepStrictEqual(old.get(path), value));
      const owners = ownersOf(after);
      for (const [path] of changed) for (const paths of owners.values()) paths.delete(path);
      owners.set(WRITER, new Set([...(owners.get(WRITER) ?? []), ...changed.map(([path]) => path)]));
    },
    applied(current, { body, manager, force = false }) {
      if (current === undefined) return body;
      const [present, wanted] = [leavesOf(current), leavesOf(body)];
      const others = othersOf(current, manager);
      for (const [path, value] of wanted) {
        const owner = others.find(([, paths]) => paths.has(path));
        if (force || owner === undefined || isDeepStrictEqual(present.get(path), value)) continue;
        const detail = `409 conflict with ${owner[0] === WRITER ? 'another writer' : `"${owner[0]}"`}: ${path}`;
        throw new CodedError('kube-conflict', { detail });
      }
      const dropped = [...(ownersOf(current).get(manager) ?? [])].filter(
        (path) => !wanted.has(path) && !others.some(([, paths]) => paths.has(path)),
      );
      return dropped.reduce<unknown>(
        (object, path) => mergePatch(object, removal(path)),
        mergePatch(current, body),
      ) as Stored;
    },
    claim(before, after, { body, manager }) {
      const [present, wanted] = [leavesOf(before ?? after), leavesOf(body)];
      const taken = [...wanted].filter(([path, value]) => !isDeepStrictEqual(present.get(path), value));
      for (const [, paths] of othersOf(after, manager)) for (const [path] of taken) paths.delete(path);
      ownersOf(after).set(manager, new Set(wanted.keys()));
    },
  };
}

/** Values by path, as JSON of its keys; without what names the object. */
function leavesOf(object: Stored): ReadonlyMap<string, unknown> {
  const { apiVersion: _, kind: __, status: ___, metadata, ...rest } = object;
  const { labels, annotations, finalizers } = metadata;
  const leaves = new Map<string, unknown>();
  const walk = (value: unknown, path: readonly string[]): void => {
    if (value === undefined) return;
    if (isObject(value)) for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
    else leaves.set(JSON.stringify(path), value);
  };
  walk({ ...rest, metadata: { labels, annotations, finalizers } }, []);
  return leaves;
}

const removal = (path: string): unknown =>
  (JSON.parse(path) as readonly string[]).reduceRight<unknown>((inner, key) => ({ [key]: inner }), null);
