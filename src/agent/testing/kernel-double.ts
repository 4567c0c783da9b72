/** A kernel that keeps links and rules and writes down what it was told; calls can be made to fail. Tests only. */
import { mac } from '../../core/address/mac.ts';
import type { Family, Kernel, Link, NetChange, NetEvent, Netns, RuleSpec } from '../../linux/port.ts';

export interface KernelDouble extends Kernel {
  /** `operation detail` of every change, in order. */
  readonly log: string[];
  /** What was listed whole, in order: costs grow with the node. */
  readonly dumps: string[];
  failNext(operation: 'apply' | 'nft' | 'elements' | 'nftList'): void;
  addLink(name: string, macText: string): void;
  removeLink(name: string): void;
  /** Of the agent's own changes it tells nobody. */
  tell(...events: readonly NetEvent[]): void;
  isWatched(): boolean;
}

const netns = (path: string): Netns => ({ path, identity: `netns:${path}`, close: () => undefined });

export function kernelDouble(): KernelDouble {
  const log: string[] = [];
  const linksOf = new Map<string, Map<string, Link>>();
  const self = netns('self');
  const failing = new Set<string>();
  const linksIn = ({ path }: Netns): Map<string, Link> => {
    const own = linksOf.get(path) ?? new Map<string, Link>();
    linksOf.set(path, own);
    return own;
  };
  const stumble = (operation: string): void => {
    if (!failing.delete(operation)) return;
    throw new Error(`${operation} was made to fail`);
  };
  const record = (operation: string, detail: string): void => {
    stumble(operation);
    log.push(`${operation} ${detail}`);
  };
  let lastIndex = 0;
  const link = (name: string, macText: string | undefined): Link => ({
    index: ++lastIndex,
    name,
    mac: macText === undefined ? undefined : mac(macText),
    mtu: 1500,
    up: true,
    kind: undefined,
    group: 0,
  });
  const applyOne = (where: Netns, change: NetChange): void => {
    record(
      'apply',
      `${where.path} ${change.op} ${'link' in change ? change.link : 'name' in change ? change.name : ''}`.trim(),
    );
    if (change.op === 'add-veth') {
      if (linksIn(where).has(change.name)) throw new Error(`EEXIST ${change.name}`);
      linksIn(where).set(change.name, link(change.name, change.mac));
      linksIn(change.peer.netns ?? where).set(change.peer.name, link(change.peer.name, change.peer.mac));
    }
    if (change.op === 'add-vlan') {
      if (linksIn(where).has(change.name)) throw new Error(`EEXIST ${change.name}`);
      linksIn(where).set(change.name, link(change.name, change.mac));
    }
    if (change.op === 'delete-vlan') linksIn(where).delete(change.name);
    if (change.op === 'delete-link') linksIn(where).delete(change.link);
    if (change.op === 'set-link') {
      const { up, mtu, group } = change;
      const before = linksIn(where).get(change.link);
      if (before !== undefined)
        linksIn(where).set(change.link, {
          ...before,
          ...(up !== undefined && { up }),
          ...(mtu !== undefined && { mtu }),
          ...(group !== undefined && { group }),
        });
    }
    if (change.op === 'add-rule') rules.push(change);
  };
  const rules: RuleSpec<Family>[] = [];
  const listeners = new Set<(event: NetEvent) => void>();
  const dumps: string[] = [];
  const dump = <T>(what: string, answer: T): T => {
    dumps.push(what);
    return answer;
  };
  const unused = (): never => {
    throw new Error('not part of the double');
  };
  return {
    log,
    dumps,
    failNext: (operation) => {
      failing.add(operation);
    },
    addLink: (name, macText) => {
      linksIn(self).set(name, link(name, macText));
    },
    removeLink: (name) => void linksIn(self).delete(name),
    tell: (...events) => events.forEach((event) => listeners.forEach((listener) => listener(event))),
    isWatched: () => listeners.size > 0,
    self: () => self,
    openNetns: netns,
    unnamedNetns: () => netns('unnamed'),
    createNetns: netns,
    deleteNetns: () => undefined,
    apply: (where, changes) => changes.forEach((change) => applyOne(where, change)),
    link: (where, name) => linksIn(where).get(name),
    links: (where) => dump('links', [...linksIn(where).values()]),
    addresses: () => dump('addresses', []),
    routes: () => dump('routes', []),
    rules: <F extends Family>() => dump('rules', rules as unknown as readonly RuleSpec<F>[]),
    nft: (_, ruleset) => record('nft', ruleset),
    nftList: () => {
      stumble('nftList');
      return dump('nft', '');
    },
    neighbours: () => dump('neighbours', []),
    watch(_, listener) {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
    deleteLinks: async (where, names) => names.forEach((name) => applyOne(where, { op: 'delete-link', link: name })),
    elements: (_, changes) =>
      record('elements', changes.map((one) => `${one.op} ${'chain' in one ? one.chain : one.set}`).join(', ')),
    sysctl: () => undefined,
    forgetConnections: () => dump('connections', 0),
    listenTcp: unused,
    connectTcp: unused,
    setTtl: unused,
    bindUdp: unused,
    peerCredentials: () => ({ pid: 1, uid: 0, gid: 0 }),
  };
}
