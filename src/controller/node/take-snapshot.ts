/** One node as the planner wants to see it, from the caches, EC2's facts and the observation. */
import { CodedError } from '../../core/errors/coded-error.ts';
import { instanceLimits } from '../../core/limits/instance-limits.ts';
import type { NodeSnapshot, PodFact } from '../../core/plan/snapshot.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { VpcFacts } from '../vpc/vpc-watch.ts';
import { knownRecord } from './node-state.ts';
import type { Observation } from './observer.ts';

export interface SnapshotInput {
  readonly observation: Observation;
  readonly facts: VpcFacts;
  readonly pods: readonly PodFact[];
  readonly record: NodeNetwork | undefined;
  readonly idleSinceMs: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

/** Throws instance-type-unknown. */
export function takeSnapshot(input: SnapshotInput): NodeSnapshot {
  const { observation, facts, pods, record, idleSinceMs, nowMs } = input;
  const { id, type, zone, vpc } = observation.instance;
  const limits = instanceLimits(type);
  if (limits === undefined) throw new CodedError('instance-type-unknown', { detail: `${id} is a ${type}` });
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
