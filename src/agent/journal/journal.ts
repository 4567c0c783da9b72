/**
 * Which sandbox holds which address: the agent's truth, as what its entries come to. An address is taken from
 * `reserved` on, and after `released` it cools down before it serves another pod, so that packets and connections that
 * were meant for the last one do not reach the next. It must never know of files or the kernel.
 */
import type { Ip } from '../../core/address/ip.ts';
import type { Mac } from '../../core/address/mac.ts';

/** A port that the node may reach whatever the pod's groups say, because the pod's own probes and hooks name it. */
export interface ProbePort {
  readonly protocol: 6 | 17;
  readonly port: number;
}

/** Of a branch interface, the VLAN device to it and the router behind that. */
export interface BranchWay {
  readonly vlan: number;
  readonly mac: Mac;
  /** How the trunk's link is found. */
  readonly trunkMac: string;
  readonly gateway: string;
}

/** All that is needed to rebuild an attachment's rules and routes, or to take them away, without asking anybody. */
export interface Attachment {
  readonly containerId: string;
  readonly ifname: string;
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly netns: string;
  readonly address: Ip;
  /** The node's own: what its processes are called when they speak to the pod. */
  readonly nodeAddress: Ip;
  /** `eni-…` that the address is on. */
  readonly interfaceId: string;
  /** The set whose groups the pod has; absent for a pod with the node's groups. */
  readonly set?: { readonly key: string; readonly groups: readonly string[] };
  /** How that interface is reached if it is a branch, which the pod keeps when the record knows it no more. */
  readonly branch?: BranchWay;
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
  | { readonly kind: 'idle'; readonly address: Ip; readonly sinceMs: number };

export interface Holding {
  readonly attachment: Attachment;
  readonly state: 'reserved' | 'wired';
}

export interface JournalState {
  /** By {@link sandboxKey}. */
  readonly holdings: ReadonlyMap<string, Holding>;
  /** The same by address: who holds it. */
  readonly holders: ReadonlyMap<Ip, Holding>;
  /** Addresses that had a holder, and when the last one left. */
  readonly idleSince: ReadonlyMap<Ip, number>;
}

export interface MutableJournal extends JournalState {
  readonly holdings: Map<string, Holding>;
  readonly holders: Map<Ip, Holding>;
  readonly idleSince: Map<Ip, number>;
}

export const newJournal = (): MutableJournal => ({ holdings: new Map(), holders: new Map(), idleSince: new Map() });

export const sandboxKey = (sandbox: { readonly containerId: string; readonly ifname: string }): string =>
  `${sandbox.containerId}/${sandbox.ifname}`;

/**
 * Takes an entry into the state, in place: with a thousand holdings copies would cost an ADD more than its wiring.
 * Entries about sandboxes that hold nothing change nothing.
 */
export function record({ holdings, holders, idleSince }: MutableJournal, entry: JournalEntry): void {
  if (entry.kind === 'idle') {
    idleSince.set(entry.address, entry.sinceMs);
    return;
  }
  const key = sandboxKey(entry.kind === 'reserved' ? entry.attachment : entry);
  const before = holdings.get(key);
  if (before !== undefined) holders.delete(before.attachment.address);
  const hold = (holding: Holding): void => {
    holdings.set(key, holding);
    holders.set(holding.attachment.address, holding);
  };
  if (entry.kind === 'reserved') {
    hold({ attachment: entry.attachment, state: 'reserved' });
    idleSince.delete(entry.attachment.address);
  } else if (before !== undefined && entry.kind === 'wired') {
    hold({ ...before, state: 'wired' });
  } else if (before !== undefined && entry.kind === 'released') {
    holdings.delete(key);
    idleSince.set(before.attachment.address, entry.atMs);
  }
}

/** The state after all entries. */
export function replay(entries: readonly JournalEntry[]): MutableJournal {
  const state = newJournal();
  for (const entry of entries) record(state, entry);
  return state;
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
