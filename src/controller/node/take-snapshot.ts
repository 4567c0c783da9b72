/** One node as the planner wants to see it, from the caches, EC2's facts and the observation. */
import type { InstanceLimits } from '../../core/limits/instance-limits.ts';
import type { NodeSnapshot, PodFact } from '../../core/plan/snapshot.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { VpcFacts } from '../vpc/vpc-watch.ts';
import { knownRecord } from './node-state.ts';
import type { Observation } from './observer.ts';

export interface SnapshotInput {
  readonly observation: Observation;
  readonly facts: VpcFacts;
  readonly limits: InstanceLimits;
  readonly pods: readonly PodFact[];
  readonly record: NodeNetwork | undefined;
  readonly idleSinceMs: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

export function takeSnapshot(input: SnapshotInput): NodeSnapshot {
  const { observation, facts, limits, pods, record, idleSinceMs, nowMs } = input;
  const { id, type, zone, vpc } = observation.instance;
  return {
    instance: { id, type, zone },
    vpc: { id: vpc, cidrs: facts.cidrs },
    limits,
    subnets: facts.subnets,
    interfaces: observation.interfaces,
    pods,
    record: record === undefined ? undefined : knownRecord(record),
    idleSinceMs,
    nowMs,
  };
}
