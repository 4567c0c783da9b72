/** Which free address a pod gets: a pure choice over the record and the journal. It must never reserve anything. */
import { type Ip, ip } from '../../core/address/ip.ts';
import { addressesOf, type Prefix, prefix } from '../../core/address/prefix.ts';
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
  | { readonly kind: 'chosen'; readonly address: Ip; readonly interface: InterfaceRecord }
  | ({ readonly kind: 'exhausted' } & PoolCounts);

/** An address that has been idle for the longest comes first, one that never had a holder before all others. */
export function chooseAddress(request: AddressRequest): AddressChoice {
  for (const record of fullestFirst(request)) {
    const address = chooseOn(record, request);
    if (address !== undefined) return { kind: 'chosen', address, interface: record };
  }
  return { kind: 'exhausted', ...countPool(request) };
}

/** Pods gather on as few interfaces as take them: an empty one goes back to EC2, and its slot to another set. */
function fullestFirst({ interfaces, journal: { holders } }: AddressRequest): readonly InterfaceRecord[] {
  if (interfaces.length < 2) return interfaces;
  const held = (record: InterfaceRecord): number => podAddresses(record).filter((each) => holders.has(each)).length;
  const counted = interfaces.map((record) => ({ record, held: held(record) }));
  return counted.sort((a, b) => b.held - a.held).map(({ record }) => record);
}

function chooseOn(record: InterfaceRecord, request: AddressRequest): Ip | undefined {
  const { journal, nowMs, cooldownMs = COOLDOWN_MS } = request;
  const fresh = firstFresh(record, journal);
  if (fresh !== undefined) return fresh;
  // In the order in which they were left: the first is the longest idle.
  for (const [address, since] of journal.idleSince) {
    if (since > nowMs - cooldownMs) return undefined;
    if (poolOf(record).members.has(address)) return address;
  }
  return undefined;
}

/** How many of an interface's addresses, from the first on, have had a holder: they need not be looked at again. */
const used = new WeakMap<JournalState, WeakMap<InterfaceRecord, number>>();

/** The first that nobody ever had. A node full of pods would else spend more on finding it than on all other choices. */
function firstFresh(record: InterfaceRecord, journal: JournalState): Ip | undefined {
  const { holders, idleSince } = journal;
  const marks = used.get(journal) ?? new WeakMap<InterfaceRecord, number>();
  used.set(journal, marks);
  const addresses = podAddresses(record);
  let at = marks.get(record) ?? 0;
  for (let address = addresses[at]; address !== undefined; address = addresses[++at]) {
    if (!holders.has(address) && !idleSince.has(address)) break;
  }
  marks.set(record, at);
  return addresses[at];
}

export function countPool({ interfaces, journal, nowMs, cooldownMs = COOLDOWN_MS }: AddressRequest): PoolCounts {
  const counts = { inUse: 0, cooling: 0, free: 0 };
  for (const address of interfaces.flatMap(podAddresses)) {
    const since = journal.idleSince.get(address) ?? Number.NEGATIVE_INFINITY;
    counts[journal.holders.has(address) ? 'inUse' : nowMs - since < cooldownMs ? 'cooling' : 'free']++;
  }
  return counts;
}

interface Pool {
  readonly addresses: readonly Ip[];
  readonly members: ReadonlySet<Ip>;
}
const parsed = new WeakMap<InterfaceRecord, Pool>();

/** Of an IPv6 prefix, which holds 2^48: more than a node ever runs, and a list that can be walked. */
const MOST_OF_A_PREFIX = 1024;

/** The addresses of an interface that pods may have; its primary is the node's. */
const podAddresses = (record: InterfaceRecord): readonly Ip[] => poolOf(record).addresses;

function poolOf(record: InterfaceRecord): Pool {
  const known = parsed.get(record);
  if (known !== undefined) return known;
  const addresses = [...record.addresses.map(ip), ...record.prefixes.flatMap((text) => firstOf(prefix(text)))];
  const pool = { addresses, members: new Set(addresses) };
  parsed.set(record, pool);
  return pool;
}

function firstOf(range: Prefix): readonly Ip[] {
  const addresses: Ip[] = [];
  for (const address of addressesOf(range)) if (addresses.push(address) === MOST_OF_A_PREFIX) break;
  return addresses;
}

export const poolCapacity = (record: InterfaceRecord): number => podAddresses(record).length;
