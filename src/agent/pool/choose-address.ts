/** Which free address a pod gets: a pure choice over the record and the journal. It must never reserve anything. */
import { type Ipv4, ipv4 } from '../../core/address/ipv4.ts';
import { addressesOf, prefix4 } from '../../core/address/prefix.ts';
import type { InterfaceRecord } from '../../core/records/node-network.ts';
import type { JournalState } from '../journal/journal.ts';

/** As upstream's: longer than any retransmission that still means the last holder. */
export const COOLDOWN_MS = 30_000;

export interface AddressRequest {
  /** Required: the interfaces that serve the pod, all of its groups. */
  readonly interfaces: readonly InterfaceRecord[];
  readonly journal: JournalState;
  readonly nowMs: number;
  /** Default {@link COOLDOWN_MS}. */
  readonly cooldownMs?: number;
}

export interface PoolCounts {
  readonly inUse: number;
  readonly cooling: number;
  readonly free: number;
}

export type AddressChoice =
  | { readonly kind: 'chosen'; readonly address: Ipv4; readonly interface: InterfaceRecord }
  | ({ readonly kind: 'exhausted' } & PoolCounts);

/** An address that has been idle for the longest comes first, one that never had a holder before all others. */
export function chooseAddress(request: AddressRequest): AddressChoice {
  let best: { address: Ipv4; interface: InterfaceRecord; since: number } | undefined;
  for (const candidate of candidates(request)) {
    if (candidate.state === 'free' && (best === undefined || candidate.since < best.since)) best = candidate;
  }
  if (best !== undefined) return { kind: 'chosen', address: best.address, interface: best.interface };
  return { kind: 'exhausted', ...countPool(request) };
}

export function countPool(request: AddressRequest): PoolCounts {
  const counts = { inUse: 0, cooling: 0, free: 0 };
  for (const { state } of candidates(request)) counts[state]++;
  return counts;
}

interface Candidate {
  readonly address: Ipv4;
  readonly interface: InterfaceRecord;
  readonly state: keyof PoolCounts;
  /** Since when it is idle. */
  readonly since: number;
}

function* candidates({ interfaces, journal, nowMs, cooldownMs = COOLDOWN_MS }: AddressRequest): Generator<Candidate> {
  const held = new Set([...journal.holdings.values()].map(({ attachment }) => attachment.address));
  for (const record of interfaces) {
    for (const address of podAddresses(record)) {
      const since = journal.idleSince.get(address) ?? Number.NEGATIVE_INFINITY;
      const state = held.has(address) ? 'inUse' : nowMs - since < cooldownMs ? 'cooling' : 'free';
      yield { address, interface: record, state, since };
    }
  }
}

/** The addresses of an interface that pods may have; its primary is the node's. */
function* podAddresses(record: InterfaceRecord): Generator<Ipv4> {
  for (const address of record.addresses) yield ipv4(address);
  for (const prefix of record.prefixes) yield* addressesOf(prefix4(prefix));
}
