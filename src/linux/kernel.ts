/**
 * The kernel port over netlink and libnftables, in this process. Everything is synchronous and takes some 10 µs to 1 ms,
 * but for what waits in the kernel itself (`delete-link`).
 */
import { changeElements } from './nfnl/elements.ts';
import { forgetConnections } from './nfnl/conntrack.ts';
import { OpenNetns } from './netns/open-netns.ts';
import { pinNewNetns, pinnedPath, unpinNetns } from './netns/pinned.ts';
import { within } from './netns/within.ts';
import { runNft } from './nft.ts';
import type { Family, Kernel, Netns, RuleSpec } from './port.ts';
import { applyChanges, type ApplyOptions } from './rtnl/apply.ts';
import { deleteLinks } from './rtnl/delete-links.ts';
import { findLink, listAddresses, listLinks, listNeighbours, listRoutes, listRules } from './rtnl/query.ts';
import { bindUdp, connectTcp, listenTcp, peerCredentials, setTtl } from './sockets.ts';
import { writeSysctl } from './sysctl.ts';
import { watchNetns } from './watch.ts';

export interface KernelOptions {
  /** Default `/proc/sys`. Containers see that read-only and are given a writable view of it elsewhere. */
  readonly sysctlRoot?: string;
}

/** Needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for every namespace but its own. */
export function openKernel({ sysctlRoot = '/proc/sys' }: KernelOptions = {}): Kernel {
  const self = OpenNetns.self();
  const { of } = OpenNetns;
  return {
    self: () => self,
    openNetns: OpenNetns.open,
    unnamedNetns: OpenNetns.unnamed,
    createNetns(name) {
      const made = pinNewNetns(name);
      const netns = OpenNetns.open(pinnedPath(name));
      if (made) applyChanges({ socket: netns.route, changes: [{ op: 'set-link', link: 'lo', up: true }], netnsFd });
      return netns;
    },
    deleteNetns: unpinNetns,
    apply: (netns, changes) =>
      applyChanges({ socket: of(netns).route, changes, netnsFd, onPeer, known: of(netns).takeLinks() }),
    deleteLinks: async (netns, links) => deleteLinks(of(netns), links),
    link: (netns, name) => findLink(of(netns).route, name),
    links: (netns) => listLinks(of(netns).route),
    addresses: (netns, family) => listAddresses(of(netns).route, family ?? 'ipv4'),
    routes: (netns, table, family) => listRoutes(of(netns).route, { table, family: family ?? 'ipv4' }),
    // What is asked for one family answers with that family.
    rules: <F extends Family>(netns: Netns, family?: F) =>
      listRules(of(netns).route, family ?? 'ipv4') as readonly RuleSpec<F>[],
    neighbours: (netns, family) => listNeighbours(of(netns).route, family ?? 'ipv4'),
    watch: (netns, listener, interest) => watchNetns(of(netns), listener, interest),
    nft: (netns, ruleset) => void runNft(of(netns), ruleset, 'nft'),
    nftList: (netns, what) => runNft(of(netns), `list ${what}`, `nft list ${what}`),
    elements: (netns, changes) => changeElements(of(netns).netfilter, changes),
    sysctl: (netns, key, value) => writeSysctl(of(netns), { root: sysctlRoot, key, value }),
    forgetConnections: (netns, ...addresses) => forgetConnections(of(netns).netfilter, addresses),
    listenTcp: (netns, options) => within(of(netns), () => listenTcp(options)),
    setTtl,
    bindUdp: (netns, options) => within(of(netns), () => bindUdp(options)),
    connectTcp: (netns, options) => within(of(netns), () => connectTcp(options)),
    peerCredentials,
  };
}

const onPeer: NonNullable<ApplyOptions['onPeer']> = (netns, peer) => OpenNetns.of(netns).learn(peer);
const netnsFd = (netns: Netns): number => OpenNetns.of(netns).fd;
