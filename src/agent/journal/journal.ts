/**
 * Which sandbox holds which address: the agent's truth, as a pure reducer over its entries. An address is taken from
 * `reserved` on, and after `released` it cools down before it serves another pod, so that packets and connections that
 * were meant for the last one do not reach the next. It must never know of files or the kernel.
 */
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';

/** A port that the node may reach whatever the pod's groups say, because the pod's own probes and hooks name it. */
export interface ProbePort {
  readonly protocol: 6 | 17;
  readonly port: number;
}

/** All that is needed to rebuild an attachment's rules and routes, or to take them away, without asking anybody. */
export interface Attachment {
  readonly containerId: string;
  readonly ifname: string;
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly netns: string;
  readonly address: Ipv4;
  /** The node's own: what its processes are called when they speak to the pod. */
  readonly nodeAddress: Ipv4;
  /** `eni-…` that the address is on. */
  readonly interfaceId: string;
  /** The set whose groups the pod has; absent for a pod with the node's groups. */
  readonly set?: { readonly key: string; readonly groups: readonly string[] };
  readonly hostLink: string;
  readonly hostMac: Mac;
  readonly podMac: Mac;
  readonly mtu: number;
  readonly probePorts: readonly ProbePort[];
}

export type JournalEntry =
  /** Before the kernel is touched. */
  | { readonly kind: 'reserved'; readonly attachment: Attachment }
  /** After the last kernel change: the runtime may be told. */
  | { readonly kind: 'wired'; readonly containerId: string; readonly ifname: string }
  /** After the rules are gone; `atMs` is the time since boot. */
  | { readonly kind: 'released'; readonly containerId: string; readonly ifname: string; readonly atMs: number }
  /** Compaction only: an address without holder and since when. */
  | { readonly kind: 'idle'; readonly address: Ipv4; readonly sinceMs: number };

export interface Holding {
  readonly attachment: Attachment;
  readonly state: 'reserved' | 'wired';
}

export interface JournalState {
  /** By {@link sandboxKey}. */
  readonly holdings: ReadonlyMap<string, Holding>;
  /** Addresses that had a holder, and when the last one left. */
  readonly idleSince: ReadonlyMap<Ipv4, number>;
}

export const emptyJournal: JournalState = { holdings: new Map(), idleSince: new Map() };

export const sandboxKey = (sandbox: { readonly containerId: string; readonly ifname: string }): string =>
  `${sandbox.containerId}/${sandbox.ifname}`;

/** Entries about sandboxes that hold nothing change nothing. */
export function reduce(state: JournalState, entry: JournalEntry): JournalState {
  if (entry.kind === 'idle') return { ...state, idleSince: new Map(state.idleSince).set(entry.address, entry.sinceMs) };
  const holdings = new Map(state.holdings);
  if (entry.kind === 'reserved') {
    holdings.set(sandboxKey(entry.attachment), { attachment: entry.attachment, state: 'reserved' });
    const idleSince = new Map(state.idleSince);
    idleSince.delete(entry.attachment.address);
    return { holdings, idleSince };
  }
  const key = sandboxKey(entry);
  const holding = holdings.get(key);
  if (holding === undefined) return state;
  if (entry.kind === 'wired') {
    holdings.set(key, { ...holding, state: 'wired' });
    return { ...state, holdings };
  }
  holdings.delete(key);
  return { holdings, idleSince: new Map(state.idleSince).set(holding.attachment.address, entry.atMs) };
}

/** The shortest list of entries that leads to the same state. */
export function compact(state: JournalState): readonly JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const [address, sinceMs] of state.idleSince) entries.push({ kind: 'idle', address, sinceMs });
  for (const { attachment, state: reached } of state.holdings.values()) {
    const { containerId, ifname } = attachment;
    entries.push({ kind: 'reserved', attachment });
    if (reached === 'wired') entries.push({ kind: 'wired', containerId, ifname });
  }
  return entries;
}
