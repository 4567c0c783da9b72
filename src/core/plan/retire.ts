/**
 * The end of a set's interface, in steps that each stand in EC2, the record or the agent's status, so that any successor
 * goes on from there: no pod is on it → its set names it no more → the agent says that it will hand none of its
 * addresses out → the record drops it → the agent has that record in force → detached → deleted.
 */
import type { Action } from './action.ts';
import { isLeaving, isLoose, isOn, isOurs, servedSet } from './observed.ts';
import type { KnownRecord, NodeSnapshot, ObservedInterface } from './snapshot.ts';
import { DETACHING_RECHECK_MS, SET_IDLE_MS } from './targets.ts';

export interface Retirement {
  /** Of those that nobody needs, the ones that serve their set still, in case that pods come. */
  readonly serving: readonly ObservedInterface[];
  /** Those that serve nobody any more; the record names them until the agent has let them go. */
  readonly leaving: readonly ObservedInterface[];
  readonly actions: readonly Action[];
  /** Ids of the interfaces of the record that nobody needs. */
  readonly idle: readonly string[];
  /** When to look again although nothing has changed. */
  readonly againMs?: number;
}

export interface RetirementInput {
  readonly snapshot: NodeSnapshot;
  /** Ids of the attached interfaces that sets need. */
  readonly needed: ReadonlySet<string>;
  /** Keys of the sets with pods, which see to their loose interfaces themselves. */
  readonly live: ReadonlySet<string>;
  /** Some set waits for a slot: idle interfaces go without their time of grace. */
  readonly slotsWanted: boolean;
}

export function retire({ snapshot, needed, live, slotsWanted }: RetirementInput): Retirement {
  const { instance, record, nowMs } = snapshot;
  const serving: ObservedInterface[] = [];
  const leaving: ObservedInterface[] = [];
  const actions: Action[] = [];
  const idle: string[] = [];
  const again: number[] = [];
  for (const seen of snapshot.interfaces) {
    const key = servedSet(seen);
    if (!isOurs(seen, instance.id) || needed.has(seen.id)) continue;
    if (isLeaving(seen)) again.push(DETACHING_RECHECK_MS);
    if (isLoose(seen) && !live.has(key)) {
      actions.push({ kind: 'delete-interface', pool: key, interface: seen.id, reason: `set ${key} has no pods` });
    }
    const { attachment } = seen;
    if (attachment === undefined || !isOn(seen, instance.id)) continue;
    if (isRecorded(record, seen)) {
      idle.push(seen.id);
      const leftMs = (snapshot.idleSinceMs.get(seen.id) ?? nowMs) + SET_IDLE_MS - nowMs;
      if (isNamed(record, seen) && leftMs > 0 && !slotsWanted) {
        serving.push(seen);
        again.push(leftMs);
      } else if (isNamed(record, seen) || !isReleased(record, seen)) {
        leaving.push(seen);
      }
    } else if (isLetGo(record)) {
      const reason = `no pod needs it, and the agent has let it go`;
      actions.push({ kind: 'detach-interface', pool: key, interface: seen.id, attachment: attachment.id, reason });
    }
  }
  const againMs = again.length === 0 ? {} : { againMs: Math.min(...again) };
  return { serving, leaving, actions, idle: idle.sort(), ...againMs };
}

const isRecorded = (record: KnownRecord | undefined, { id }: ObservedInterface): boolean =>
  record?.spec.interfaces.some((entry) => entry.id === id) === true;

/** Some set of the record is served by it. */
const isNamed = (record: KnownRecord | undefined, { id }: ObservedInterface): boolean =>
  record?.spec.sets.some(({ interfaces }) => interfaces.includes(id)) === true;

/** An agent that has never spoken has never served a pod. */
const isSilent = ({ status }: KnownRecord): boolean => status?.protocol === undefined;

const isApplied = ({ status, generation }: KnownRecord): boolean => (status?.appliedGeneration ?? 0) >= generation;

/** The agent has a record in force by which the interface serves nobody, and has no address of it in use. */
function isReleased(record: KnownRecord | undefined, { addresses, prefixes }: ObservedInterface): boolean {
  if (record === undefined) return false;
  if (isSilent(record)) return true;
  const acks = new Set(record.status?.releaseAcks);
  return isApplied(record) && [...addresses, ...prefixes].every((each) => acks.has(each));
}

/** The agent has a record in force that does not name the interface any more. */
const isLetGo = (record: KnownRecord | undefined): boolean =>
  record !== undefined && (isSilent(record) || isApplied(record));
