/**
 * The kernel port in memory, for tests of what stands on it: it keeps links, addresses, routes, rules, nftables' sets
 * and chains, refuses what the kernel refuses, and prints its whole state. It carries no packets and has no sockets.
 */
import { constants } from 'node:os';

import { KernelError } from '../errors.ts';
import type { Family, Kernel, LinkAddress, Neighbour, NetEvent, Netns, Route, RuleSpec } from '../port.ts';
import { applyFake, deleteLinks, type FakeMachine } from './fake-changes.ts';
import { eventsBetween, snapshotOf } from './fake-events.ts';
import { type FakeConnection, type FakeLink, type FakeNetns, fakeNetns, linkOf, printNetns } from './fake-netns.ts';
import { listFakeNft, runFakeNft } from './fake-nft.ts';
import { changeElements } from './fake-table.ts';

export interface FakeKernel extends Kernel {
  /** The whole state as sorted text, a namespace after the other. */
  state(): string;
  /** A device that is no veth, as a machine's own interfaces. */
  plugIn(netns: Netns, link: Pick<FakeLink, 'name' | 'mac'>): void;
  track(netns: Netns, connection: FakeConnection): void;
  connections(netns: Netns, family: Family): readonly FakeConnection[];
  /** The next call of this method throws it. */
  failNext(method: keyof Kernel, error: Error): void;
}

const FOLDER = '/run/netns/';

export function fakeKernel(): FakeKernel {
  const spaces = new Map<string, FakeNetns>();
  const failures = new Map<string, Error>();
  let index = 0;
  const nextIndex = (): number => ++index;
  const add = (path: string): FakeNetns => {
    const netns = fakeNetns(path, `fake:${nextIndex()}`);
    netns.links = [{ index: 1, name: 'lo', mac: undefined, mtu: 65_536, up: true, kind: undefined, group: 0 }];
    spaces.set(path, netns);
    return netns;
  };
  const self = add('self');
  const refuse = (errno: number, operation: string, object: string): KernelError =>
    new KernelError({ errno, operation, object });
  const resolve = (netns: Netns): FakeNetns => {
    const found = spaces.get(netns.path);
    if (found?.identity === netns.identity) return found;
    throw refuse(constants.errno.EBADF, 'netns', netns.path);
  };
  const machine: FakeMachine = { resolve, nextIndex };
  const watchers = new Set<{ readonly netns: FakeNetns; readonly listener: (event: NetEvent) => void }>();
  /** Watchers are told later, as they are by the kernel. */
  const watched = (work: () => void): void => {
    const before = [...watchers].map((watcher) => ({ watcher, snapshot: snapshotOf(watcher.netns) }));
    work();
    for (const { watcher, snapshot } of before) {
      const events = eventsBetween(snapshot, snapshotOf(watcher.netns));
      queueMicrotask(() => {
        if (watchers.has(watcher)) events.forEach(watcher.listener);
      });
    }
  };
  const openNetns = (path: string): FakeNetns => {
    const found = spaces.get(path);
    if (found === undefined) throw refuse(constants.errno.ENOENT, 'open-netns', path);
    return found;
  };
  const isOf = (family: Family | undefined, address: number | bigint): boolean =>
    (typeof address === 'bigint') === (family === 'ipv6');
  const noSockets = (): never => {
    throw refuse(constants.errno.EOPNOTSUPP, 'socket', 'the fake kernel');
  };

  const kernel: Kernel = {
    self: () => self,
    openNetns,
    unnamedNetns: () => add(`/proc/self/fd/${nextIndex()}`),
    createNetns: (name) => spaces.get(FOLDER + name) ?? add(FOLDER + name),
    deleteNetns(name) {
      const netns = spaces.get(FOLDER + name);
      if (netns !== undefined) watched(() => deleteLinks(netns, () => true));
      spaces.delete(FOLDER + name);
    },
    apply(netns, changes) {
      for (const change of changes) watched(() => applyFake(resolve(netns), change, machine));
    },
    async deleteLinks(netns, names) {
      // Not at once: until then everybody sees them still.
      await Promise.resolve();
      const isDevice = resolve(netns).links.some(({ name, kind }) => names.includes(name) && kind === undefined);
      if (isDevice) throw refuse(constants.errno.EOPNOTSUPP, 'delete-links', names.join(', '));
      watched(() => deleteLinks(resolve(netns), ({ name }) => names.includes(name)));
    },
    link: (netns, name) => kernel.links(netns).find((link) => link.name === name),
    links: (netns) => resolve(netns).links.map(linkOf),
    addresses: <F extends Family>(netns: Netns, family?: F) =>
      resolve(netns)
        .addresses.filter(({ address }) => isOf(family, address))
        .map(({ link, address, length }) => ({ link, address, length })) as unknown as readonly LinkAddress<F>[],
    routes: <F extends Family>(netns: Netns, table: number, family?: F) =>
      resolve(netns)
        .routes.filter((route) => route.table === table && isOf(family, route.destination.base))
        .map(({ destination, table: own, link, gateway }) => ({
          destination,
          table: own,
          link,
          gateway,
        })) as unknown as readonly Route<F>[],
    rules: <F extends Family>(netns: Netns, family?: F) =>
      resolve(netns)
        .rules.filter((rule) => (rule.family ?? 'ipv4') === (family ?? 'ipv4'))
        .toSorted((a, b) => a.priority - b.priority) as unknown as readonly RuleSpec<F>[],
    neighbours: <F extends Family>(netns: Netns, family?: F) =>
      resolve(netns)
        .neighbours.filter(({ address }) => isOf(family, address))
        .map((one) => ({ ...one, permanent: true })) as unknown as readonly Neighbour<F>[],
    watch(netns, listener) {
      const watcher = { netns: resolve(netns), listener };
      watchers.add(watcher);
      return { close: () => void watchers.delete(watcher) };
    },
    nft(netns, ruleset) {
      const own = resolve(netns);
      watched(() => (own.tables = runFakeNft(own.tables, ruleset)));
    },
    nftList: (netns, what) => listFakeNft(resolve(netns).tables, what),
    elements(netns, changes) {
      const own = resolve(netns);
      own.tables = changeElements(own.tables, changes);
    },
    sysctl(netns, key, value) {
      const [, family, kind, link] = key.split('/');
      const isPerLink = (kind === 'conf' || kind === 'neigh') && link !== 'all' && link !== 'default';
      const isKnown = isPerLink ? kernel.link(netns, link ?? '') !== undefined : family === 'ipv4' || family === 'ipv6';
      if (!isKnown) throw refuse(constants.errno.ENOENT, 'sysctl', `${key}=${value}`);
      resolve(netns).sysctls.set(key, value);
    },
    forgetConnections(netns, ...addresses) {
      const own = resolve(netns);
      own.connections = own.connections.filter(
        (connection) => !addresses.some((address) => connection.includes(address)),
      );
    },
    listenTcp: noSockets,
    setTtl: noSockets,
    bindUdp: noSockets,
    connectTcp: noSockets,
    peerCredentials: () => ({ pid: process.pid, uid: 0, gid: 0 }),
  };
  return {
    ...failing(kernel, failures),
    state: () => [...spaces.values()].flatMap(printNetns).join('\n'),
    plugIn(netns, link) {
      const own = resolve(netns);
      const common = { index: nextIndex(), mtu: 1500, up: false, kind: undefined, group: 0 };
      watched(() => (own.links = [...own.links, { ...common, ...link }]));
    },
    track(netns, connection) {
      const own = resolve(netns);
      own.connections = [...own.connections, connection];
    },
    connections: (netns, family) => resolve(netns).connections.filter(([address = 0]) => isOf(family, address)),
    failNext: (method, error) => void failures.set(method, error),
  };
}

function failing(kernel: Kernel, failures: Map<string, Error>): Kernel {
  const wrapped = Object.entries(kernel).map(([name, method]: [string, (...args: readonly never[]) => unknown]) => [
    name,
    (...args: readonly never[]): unknown => {
      const failure = failures.get(name);
      failures.delete(name);
      if (failure !== undefined) throw failure;
      return method(...args);
    },
  ]);
  return Object.fromEntries(wrapped) as Kernel;
}
