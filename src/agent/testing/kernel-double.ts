/** A kernel that keeps links and writes down what it was told; calls can be made to fail. Tests only. */
import { mac } from '../../core/address/mac.ts';
import type { Kernel, Link, NetChange, Netns } from '../../linux/port.ts';

export interface KernelDouble extends Kernel {
  /** `operation detail` of every change, in order. */
  readonly log: string[];
  failNext(operation: 'apply' | 'nft' | 'elements' | 'nftList'): void;
  addLink(name: string, macText: string): void;
}

const netns = (path: string): Netns => ({ path, identity: `netns:${path}`, close: () => undefined });

export function kernelDouble(): KernelDouble {
  const log: string[] = [];
  const linksOf = new Map<string, Map<string, Link>>();
  const self = netns('self');
  let failing: string | undefined;
  const linksIn = ({ path }: Netns): Map<string, Link> => {
    const own = linksOf.get(path) ?? new Map<string, Link>();
    linksOf.set(path, own);
    return own;
  };
  const stumble = (operation: string): void => {
    if (failing !== operation) return;
    failing = undefined;
    throw new Error(`${operation} was made to fail`);
  };
  const record = (operation: string, detail: string): void => {
    stumble(operation);
    log.push(`${operation} ${detail}`);
  };
  const link = (name: string, macText: string | undefined): Link => ({
    index: 1,
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
    if (change.op === 'delete-link') linksIn(where).delete(change.link);
  };
  const unused = (): never => {
    throw new Error('not part of the double');
  };
  return {
    log,
    failNext: (operation) => {
      failing = operation;
    },
    addLink: (name, macText) => {
      linksIn(self).set(name, link(name, macText));
    },
    self: () => self,
    openNetns: netns,
    createNetns: netns,
    deleteNetns: () => undefined,
    apply: (where, changes) => changes.forEach((change) => applyOne(where, change)),
    link: (where, name) => linksIn(where).get(name),
    links: (where) => [...linksIn(where).values()],
    addresses: () => [],
    routes: () => [],
    rules: () => [],
    nft: (_, ruleset) => record('nft', ruleset),
    nftList: () => {
      stumble('nftList');
      return '';
    },
    elements: (_, changes) => record('elements', changes.map(({ op, set }) => `${op} ${set}`).join(', ')),
    sysctl: () => undefined,
    forgetConnections: () => 0,
    listenTcp: unused,
    connectTcp: unused,
    peerCredentials: () => ({ pid: 1, uid: 0, gid: 0 }),
  };
}
