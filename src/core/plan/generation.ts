/** The generation of a set: a new one whenever an interface of it goes, so that no client token is spent twice. */
import { ec2Tags } from '../names.ts';
import type { SetRecord } from '../records/node-network.ts';
import type { KnownRecord, ObservedInterface } from './snapshot.ts';

export const recordedSet = (record: KnownRecord | undefined, key: string): SetRecord | undefined =>
  record?.spec.sets.find((set) => set.key === key);

export interface GenerationInput {
  readonly key: string;
  /** Ids of those that serve the set. */
  readonly interfaces: readonly string[];
  /** See {@link spentBy}; 0 where none goes. */
  readonly spent: number;
}

/** The latest generation whose tokens made one of these; 0 where that is not known. */
export const spentBy = (going: readonly ObservedInterface[]): number =>
  Math.max(0, ...going.map(({ tags }) => Number(tags[ec2Tags.generation] ?? 0)).filter(Number.isSafeInteger));

/**
 * A set that is new to the record takes its number from the record's own generation, which the API server only raises:
 * a set that has left the record comes back with another number, without anything being kept for it.
 */
export function setGeneration(record: KnownRecord | undefined, { key, interfaces, spent }: GenerationInput): number {
  const before = recordedSet(record, key);
  const isSame = before !== undefined && before.interfaces.every((id) => interfaces.includes(id));
  if (isSame && before.generation > spent) return before.generation;
  return Math.max(record?.generation ?? 0, before?.generation ?? 0, spent) + 1;
}
