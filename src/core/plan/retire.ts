/**
 * The end of a set's interface, in steps that each stand in EC2, the record or the agent's status, so that any successor
 * goes on from there: the set has no pods → the agent says that nothing of it is in use → the record drops the interface
 * → the agent has that record in force → detached → deleted.
 */
import type { Action } from './action.ts';
import { isLeaving, isLoose, isOn, isOurs, servedSet } from './observed.ts';
import type { KnownRecord, NodeSnapshot, ObservedInterface } from './snapshot.ts';
import { DETACHING_RECHECK_MS, SET_IDLE_MS } from './targets.ts';

export interface Retirement {
  /** Attached interfaces of sets without pods that the record names still. */
  readonly kept: readonly ObservedInterface[];
  readonly actions: readonly Action[];
  /** Keys of sets without pods of which the record has interfaces. */
  readonly idle: readonly string[];
  /** When to look again although nothing has changed. */
  readonly againMs?: number;
}

export interface RetirementInput {
  readonly snapshot: NodeSnapshot;
  /** Keys of the sets with pods. */
  readonly live: ReadonlySet<string>;
  /** Some set waits for a slot: idle interfaces go without their time of grace. */
  readonly slotsWanted: boolean;
}

export function retire({ snapshot, live, slotsWanted }: RetirementInput): Retirement {
  const { instance, record, nowMs } = snapshot;
  const kept: ObservedInterface[] = [];
  const actions: Action[] = [];
  const idle = new Set<string>();
  const again: number[] = [];
  for (const seen of snapshot.interfaces) {
    const key = servedSet(seen);
    if (!isOurs(seen, instance.id)) continue;
    if (isLeaving(seen)) again.push(DETACHING_RECHECK_MS);
    if (live.has(key)) continue;
    if (isLoose(seen)) {
      actions.push({ kind: 'delete-interface', pool: key, interface: seen.id, reason: `set ${key} has no pods` });
    } else if (isOn(seen, instance.id) && isRecorded(record, seen)) {
      idle.add(key);
      const leftMs = (snapshot.idleSinceMs.get(key) ?? nowMs) + SET_IDLE_MS - nowMs;
      if (isUnused(record, seen) && (leftMs <= 0 || slotsWanted)) continue;
      kept.push(seen);
      if (leftMs > 0) again.push(leftMs);
    } else if (isOn(seen, instance.id) && seen.attachment !== undefined && isLetGo(record)) {
      const reason = `set ${key} has no pods, and the agent has let its interface go`;
      actions.push({ kind: 'detach-interface', pool: key, interface: seen.id, attachment: seen.attachment.id, reason });
    }
  }
  return { kept, actions, idle: [...idle].sort(), ...(again.length === 0 ? {} : { againMs: Math.min(...again) }) };
}

const isRecorded = (record: KnownRecord | undefined, { id }: ObservedInterface): boolean =>
  record?.spec.interfaces.some((entry) => entry.id === id) === true;

/** An agent that has never spoken has never served a pod. */
const isSilent = ({ status }: KnownRecord): boolean => status?.protocol === undefined;

const isApplied = ({ status, generation }: KnownRecord): boolean => (status?.appliedGeneration ?? 0) >= generation;

/** The agent knows that the interface serves no pods, and has no address of it in use. */
function isUnused(record: KnownRecord | undefined, { id }: ObservedInterface): boolean {
  if (record === undefined) return false;
  if (isSilent(record)) return true;
  if (!isApplied(record)) return false;
  const sets = record.spec.sets.filter(({ interfaces }) => interfaces.includes(id));
  const inUse = (key: string): number | undefined => record.status?.pools?.find(({ pool }) => pool === key)?.inUse;
  return sets.every(({ key, pods }) => pods.length === 0 && inUse(key) === 0);
}

/** The agent has a record in force that does not name the interface any more. */
const isLetGo = (record: KnownRecord | undefined): boolean =>
  record !== undefined && (isSilent(record) || isApplied(record));
