/** The generation of a set: a new one whenever an interface of it has gone, so that no client token is spent twice. */
import type { SetRecord } from '../records/node-network.ts';
import type { KnownRecord } from './snapshot.ts';

export const recordedSet = (record: KnownRecord | undefined, key: string): SetRecord | undefined =>
  record?.spec.sets.find((set) => set.key === key);

/**
 * A set that is new to the record takes its number from the record's own generation, which the API server only raises:
 * a set that has left the record comes back with another number, without anything being kept for it.
 */
export function setGeneration(
  record: KnownRecord | undefined,
  { key, interfaces }: { readonly key: string; readonly interfaces: readonly string[] },
): number {
  const before = recordedSet(record, key);
  if (before !== undefined && before.interfaces.every((id) => interfaces.includes(id))) return before.generation;
  return Math.max(record?.generation ?? 0, before?.generation ?? 0) + 1;
}
