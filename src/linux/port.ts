/**
 * What the other rooms may ask of the kernel, as values. Implemented by `kernel.ts` over netlink and libnftables, in
 * process; every verb is idempotent (what exists already, or is gone already, is success) unless it says otherwise.
 * Failures are `KernelError`s (see `errors.ts`) with errno name, operation, object and the kernel's extended text.
 */
import type { Ip } from '../core/address/ip.ts';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Ipv6 } from '../core/address/ipv6.ts';
import type { Mac } from '../core/address/mac.ts';
import type { Prefix4, Prefix6 } from '../core/address/prefix.ts';

export type Family = 'ipv4' | 'ipv6';
export type IpOf<F extends Family> = F extends 'ipv4' ? Ipv4 : Ipv6;
export type PrefixOf<F extends Family> = F extends 'ipv4' ? Prefix4 : Prefix6;
type Prefix = PrefixOf<Family>;

/** An opened network namespace; its netlink sockets are made once, when first needed. */
export interface Netns {
  /** What it was opened by: a path, or `self`. */
  readonly path: string;
  /** `dev:inode` of the namespace, by which two handles can be told to be the same. */
  readonly identity: string;
  close(): void;
}

export type NetChange =
  /** Both ends are made in their final namespaces in one message (25× cheaper than a move). Not idempotent: EEXIST. */
  | {
      readonly op: 'add-veth';
      readonly name: string;
      readonly mac?: Mac;
      readonly mtu?: number;
      /** Link group of the near side, for `delete-group`; default 0, none. */
      readonly group?: number;
      /** Default false. Only the near side can be set up by this message; bring the peer up from its own namespace. */
      readonly up?: boolean;
      readonly peer: { readonly name: string; readonly netns?: Netns; readonly mac?: Mac; readonly mtu?: number };
    }
  /**
   * A device for one VLAN of a trunk in the same namespace: the kernel's own, or where it lacks 802.1Q one of a veth
   * and BPF, which then does not go with its trunk. Not idempotent: EEXIST for a name or an id that is taken.
   */
  | {
      readonly op: 'add-vlan';
      readonly name: string;
      readonly trunk: string;
      /** 1 to 4094. */
      readonly id: number;
      /** Both default to the trunk's. */
      readonly mac?: Mac;
      readonly mtu?: number;
      readonly up?: boolean;
    }
  | { readonly op: 'delete-vlan'; readonly name: string; readonly trunk: string; readonly id: number }
  | {
      readonly op: 'set-link';
      readonly link: string;
      readonly up?: boolean;
      readonly mtu?: number;
      readonly mac?: Mac;
      readonly rename?: string;
      readonly group?: number;
    }
  /** Waits for RCU (about 19 ms for a veth): never on a pod's path, see `deleteLinks`. */
  | { readonly op: 'delete-link'; readonly link: string }
  /** All links of a group at once: the kernel waits once and not for each (60× for 300). Group 0 is refused. */
  | { readonly op: 'delete-group'; readonly group: number }
  | {
      readonly op: 'replace-address';
      readonly link: string;
      /** The address itself (host bits kept), and the length of its prefix. */
      readonly address: Ip;
      readonly length: number;
      readonly scope?: 'global' | 'link';
      /** Default false: the kernel adds the on-link route of the prefix. */
      readonly noPrefixRoute?: boolean;
      /** IPv6 only. Default false: the address is usable only after some 1.5 s of duplicate address detection. */
      readonly noDad?: boolean;
    }
  | { readonly op: 'delete-address'; readonly link: string; readonly address: Ip; readonly length: number }
  | {
      readonly op: 'replace-route';
      readonly destination: Prefix;
      readonly link: string;
      readonly gateway?: Ip;
      /** The gateway is taken as reachable on the link although no route says so. */
      readonly onlink?: boolean;
      readonly scope?: 'global' | 'link';
      /** Default 254, main. */
      readonly table?: number;
      /** Preferred source address. */
      readonly source?: Ip;
    }
  /** What goes there vanishes, unless a more specific route takes it; `delete-route` takes it away. */
  | { readonly op: 'replace-blackhole'; readonly destination: Prefix; readonly table?: number }
  | { readonly op: 'delete-route'; readonly destination: Prefix; readonly table?: number; readonly link?: string }
  | { readonly op: 'replace-neighbour'; readonly link: string; readonly address: Ip; readonly mac: Mac }
  | { readonly op: 'delete-neighbour'; readonly link: string; readonly address: Ip }
  | ({ readonly op: 'add-rule' } & RuleSpec<Family>)
  | ({ readonly op: 'delete-rule' } & RuleSpec<Family>);

export interface RuleSpec<F extends Family = 'ipv4'> {
  /** Default: that of the prefixes, else `ipv4`. */
  readonly family?: F;
  readonly priority: number;
  readonly table: number;
  readonly from?: PrefixOf<F>;
  readonly to?: PrefixOf<F>;
  readonly mark?: { readonly value: number; readonly mask: number };
  readonly inputLink?: string;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly mac: Mac | undefined;
  readonly mtu: number;
  readonly up: boolean;
  /** `veth`, `vlan`, … or undefined for a physical device. */
  readonly kind: string | undefined;
  readonly group: number;
}
export interface LinkAddress<F extends Family = 'ipv4'> {
  readonly link: string;
  readonly address: IpOf<F>;
  readonly length: number;
}
export interface Route<F extends Family = 'ipv4'> {
  readonly destination: PrefixOf<F>;
  readonly table: number;
  readonly link: string | undefined;
  readonly gateway: IpOf<Family> | undefined;
}

export interface Neighbour<F extends Family = 'ipv4'> {
  readonly link: string;
  readonly address: IpOf<F>;
  /** undefined for one that does not answer. */
  readonly mac: Mac | undefined;
  /** Set by somebody and kept, as against learned. */
  readonly permanent: boolean;
}

/** What happened to links, addresses, routes and rules of either family, and to tables, by whomever, us included. */
export type NetEvent =
  /** A link that goes down takes its IPv4 routes with it, and nothing tells of them. */
  | { readonly subject: 'link'; readonly change: 'set' | 'gone'; readonly link: Link }
  | { readonly subject: 'address'; readonly change: 'set' | 'gone'; readonly address: Ip; readonly length: number }
  /** `replaced` is told of a route that took the place of another. */
  | {
      readonly subject: 'route';
      readonly change: 'set' | 'replaced' | 'gone';
      readonly destination: Prefix;
      readonly table: number;
    }
  | { readonly subject: 'rule'; readonly change: 'set' | 'gone'; readonly rule: RuleSpec<Family> }
  /**
   * An nftables table of the family `inet`: a whole one, as when somebody flushes all rules; `altered`, told of the
   * table of interest alone, is what somebody else did to chains, rules, sets or elements in it.
   */
  | { readonly subject: 'table'; readonly change: 'set' | 'gone' | 'altered'; readonly name: string }
  /** Too many at once: some are missing, so whoever relies on them looks at everything. */
  | { readonly subject: 'lost' };

/** What a watcher of its own work has use for. The rest need not be told: the kernel drops it, and nobody is woken. */
export interface WatchInterest {
  /** Whatever befalls this nftables table of the family `inet`, and no other. */
  readonly table: string;
  /** Of links whose names begin so it is told only that they are not up; they go with namespaces all the time. */
  readonly quietLinks: string;
}

/** One component of a set's key, in the order of the set's concatenation. */
export type KeyPart =
  | { readonly type: 'ipv4'; readonly value: Ipv4 }
  | { readonly type: 'ipv6'; readonly value: Ipv6 }
  | { readonly type: 'ifname'; readonly value: string }
  | { readonly type: 'mac'; readonly value: Mac }
  /** `inet_proto`: an IP protocol number. */
  | { readonly type: 'protocol'; readonly value: number }
  /** `inet_service`: a port of TCP or UDP. */
  | { readonly type: 'port'; readonly value: number };

/** A component that is a range; for sets with `flags interval`, whose every key must have at least one. */
export type RangePart =
  | { readonly type: 'prefix'; readonly value: Prefix }
  /** Both included. */
  | { readonly type: 'ports'; readonly from: number; readonly to: number };

/** `accept` and `drop` end the hook; `jump` and `goto` name a chain of the same table. */
export type Verdict = 'accept' | 'drop' | 'return' | { readonly jump: string } | { readonly goto: string };

/**
 * One element of a set or verdict map of an `inet` table, changed by raw nfnetlink: some 10 µs whatever its size.
 * Ranges of one set must not overlap: EEXIST.
 */
export type ElementChange =
  | {
      readonly op: 'add';
      readonly table: string;
      readonly set: string;
      readonly key: readonly (KeyPart | RangePart)[];
      /** Required for verdict maps, absent for sets. */
      readonly verdict?: Verdict;
    }
  | {
      readonly op: 'remove';
      readonly table: string;
      readonly set: string;
      readonly key: readonly (KeyPart | RangePart)[];
    };

/** A chain without a hook, for verdicts to jump to; one that goes takes its rules with it. EBUSY while it is jumped to. */
export interface ChainChange {
  readonly op: 'add-chain' | 'remove-chain';
  readonly table: string;
  readonly chain: string;
}
export type SetChange = ElementChange | ChainChange;

export interface Kernel {
  /** The namespace that the process was started in. */
  self(): Netns;
  /** Opens a pinned namespace, `/run/netns/NAME` or any bind mount of one. */
  openNetns(path: string): Netns;
  /** A new one without a name: it lives as long as the handle, or a link's peer in it. Needs no mount. */
  unnamedNetns(): Netns;
  /** Makes `/run/netns/NAME`, loopback up; an existing one is opened. */
  createNetns(name: string): Netns;
  /** Unpins; links go when the last process has left. An absent one is success. */
  deleteNetns(name: string): void;

  /**
   * Sends the changes in order, one message each. Together they are not atomic: on the first failure the rest is not
   * sent and a KernelError says which change failed, and the caller rolls back.
   */
  apply(netns: Netns, changes: readonly NetChange[]): void;
  /**
   * Deletes links without anybody waiting for it: the kernel waits once for all of them, on another thread, and until
   * then they are still there. Absent ones are gone already.
   */
  deleteLinks(netns: Netns, links: readonly string[]): Promise<void>;
  /** By name, without a dump; undefined when there is none. */
  link(netns: Netns, name: string): Link | undefined;
  links(netns: Netns): readonly Link[];
  /** Of one family, default `ipv4`; so are routes, rules and neighbours. */
  addresses<F extends Family = 'ipv4'>(netns: Netns, family?: F): readonly LinkAddress<F>[];
  /** Of one table. */
  routes<F extends Family = 'ipv4'>(netns: Netns, table: number, family?: F): readonly Route<F>[];
  /** All but the kernel's own. */
  rules<F extends Family = 'ipv4'>(netns: Netns, family?: F): readonly RuleSpec<F>[];
  neighbours<F extends Family = 'ipv4'>(netns: Netns, family?: F): readonly Neighbour<F>[];
  /**
   * Tells of every change from now on, soon after it, until closed. It keeps the process running. With an interest,
   * addresses that come and new routes need not be told, nor what this port did itself, as far as the kernel knows that.
   */
  watch(netns: Netns, listener: (event: NetEvent) => void, interest?: WatchInterest): { close(): void };

  /** Runs nft text as one transaction by libnftables; throws with nft's own message and nothing is changed. */
  nft(netns: Netns, ruleset: string): void;
  /** `nft list …` as text, for repair and diagnosis; throws where the object does not exist. */
  nftList(netns: Netns, what: string): string;
  /** One atomic transaction, in this order; adding what is there is success, so is removing what is not. */
  elements(netns: Netns, changes: readonly SetChange[]): void;

  /** `key` with slashes as under /proc/sys, e.g. `net/ipv4/ip_forward`. */
  sysctl(netns: Netns, key: string, value: string): void;
  /**
   * Deletes tracked connections whose source or destination, in either direction, is one of the addresses: some 0.3 ms
   * an address where few are tracked, and with everything that there is to look through, 10 ms for any number at once.
   */
  forgetConnections(netns: Netns, ...addresses: readonly Ip[]): void;

  /** A listening TCP socket in the namespace, as a file descriptor for `server.listen({ fd })`. */
  listenTcp(netns: Netns, options: { readonly address: Ip; readonly port: number; readonly ttl?: number }): number;
  /** The TTL of what an IPv4 socket sends from now on. */
  setTtl(fd: number, ttl: number): void;
  /** A UDP socket in the namespace, as a file descriptor for `socket.bind({ fd })`. */
  bindUdp(netns: Netns, options: { readonly address: Ip; readonly port: number }): number;
  /** A TCP socket in the namespace that is connecting, as a file descriptor for `new net.Socket({ fd })`. */
  connectTcp(netns: Netns, options: { readonly address: Ip; readonly port: number }): number;
  /** Credentials of the process at the other end of a connected unix socket (SO_PEERCRED). */
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number };
}
