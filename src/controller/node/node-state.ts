/** What is remembered of one node between two looks at it; all of it can be lost. */
import type { KnownRecord } from '../../core/plan/snapshot.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { BranchObserver } from './branch-observer.ts';
import type { Holds } from './holds.ts';
import type { Observer } from './observer.ts';

export interface NodeState {
  readonly instance: string;
  readonly observer: Observer;
  readonly branches: BranchObserver;
  /** When we first looked. */
  readonly sinceMs: number;
  /** By pool. */
  holds: Holds;
  /** By the id of an interface that nobody needs, since when. */
  idleSinceMs: ReadonlyMap<string, number>;
  /** EKS's controller has been told to serve the pods of the node. */
  isEksAsked: boolean;
  /** By the UID of a pod that waits for others, since when. */
  awaitedSinceMs: ReadonlyMap<string, number>;
  /** Our last write, which the cache may not show yet. */
  written: NodeNetwork | undefined;
}

/** Of the cache's record and our last write the newer, with what the agent said last. */
export function latestRecord(
  cached: NodeNetwork | undefined,
  written: NodeNetwork | undefined,
): NodeNetwork | undefined {
  if (cached === undefined || written === undefined) return cached ?? written;
  if (cached.metadata.uid !== written.metadata.uid) return cached;
  const isBehind = (cached.metadata.generation ?? 0) < (written.metadata.generation ?? 0);
  if (!isBehind || cached.metadata.deletionTimestamp !== undefined) return cached;
  const { status: _, ...rest } = written;
  return cached.status === undefined ? rest : { ...rest, status: cached.status };
}

export const knownRecord = ({ metadata, spec, status }: NodeNetwork): KnownRecord => ({
  uid: metadata.uid ?? '',
  generation: metadata.generation ?? 0,
  spec,
  ...(status === undefined ? {} : { status }),
});

/** Since when it has been so, of those of which it is so. */
export const stillSo = (
  before: ReadonlyMap<string, number>,
  now: readonly string[],
  nowMs: number,
): ReadonlyMap<string, number> => new Map(now.map((key) => [key, before.get(key) ?? nowMs]));
