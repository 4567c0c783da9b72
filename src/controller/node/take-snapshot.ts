/** One node as the planner wants to see it, from what was seen of it and what is remembered. */
import type { NodeSnapshot } from '../../core/plan/snapshot.ts';
import type { Sight } from './look-at-node.ts';
import { knownRecord, type NodeState } from './node-state.ts';

export interface SnapshotInput {
  readonly sight: Sight;
  readonly state: Pick<NodeState, 'idleSinceMs' | 'awaitedSinceMs'>;
  readonly nowMs: number;
}

export function takeSnapshot({ sight, state, nowMs }: SnapshotInput): NodeSnapshot {
  const { observation, facts, limits, mode, branches, pods, record } = sight;
  const { id, type, zone, vpc } = observation.instance;
  return {
    instance: { id, type, zone },
    vpc: { id: vpc, cidrs: facts.cidrs },
    limits,
    subnets: facts.subnets,
    mode,
    interfaces: observation.interfaces,
    branches,
    pods,
    record: record === undefined ? undefined : knownRecord(record),
    idleSinceMs: state.idleSinceMs,
    awaitedSinceMs: state.awaitedSinceMs,
    nowMs,
  };
}
