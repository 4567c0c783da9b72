/** What one change does to a fake namespace, with the errors that the kernel would give. */
import { constants } from 'node:os';

import { formatIp, type Ip, isIpv4 } from '../../core/address/ip.ts';
import { containsAddress, formatPrefix, parsePrefixLoosely, type Prefix, prefix6 } from '../../core/address/prefix.ts';
import { KernelError } from '../errors.ts';
import { describeChange } from '../rtnl/describe-change.ts';
import type { NetChange, Netns, RuleSpec, Family } from '../port.ts';
import { type FakeLink, type FakeNetns, type FakeRoute, printRule } from './fake-netns.ts';

const { EEXIST, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ENODEV, EPERM } = constants.errno;
const MAIN = 254;
const DEFAULT_MTU = 1500;
const linkLocal = prefix6('fe80::/10');

export interface FakeMachine {
  /** The fake's own namespace behind a handle. */
  readonly resolve: (netns: Netns) => FakeNetns;
  readonly nextIndex: () => number;
}

export function applyFake(netns: FakeNetns, change: NetChange, machine: FakeMachine): void {
  const refuse = (errno: number, text = ''): KernelError =>
    new KernelError({ errno, operation: change.op, object: describeChange(change), text });
  const required = (name: string): FakeLink => {
    const link = netns.links.find((one) => one.name === name);
    if (link === undefined) throw refuse(ENODEV, `no link ${name}`);
    return link;
  };
  switch (change.op) {
    case 'add-veth':
      return addVeth(netns, change, { machine, refuse });
    case 'add-vlan': {
      const trunk = required(change.trunk);
      const { name, id, mac = trunk.mac, mtu = trunk.mtu, up = false } = change;
      const isTaken = netns.links.some(
        (one) => one.name === name || (one.vlan?.trunk === trunk.index && one.vlan.id === id),
      );
      if (isTaken) throw refuse(EEXIST);
      const vlan = { trunk: trunk.index, id };
      netns.links = [...netns.links, { index: machine.nextIndex(), name, mac, mtu, up, kind: 'vlan', group: 0, vlan }];
      return undefined;
    }
    case 'delete-vlan':
      return deleteLinks(netns, ({ name }) => name === change.name);
    case 'set-link': {
      const link = required(change.link);
      const { up = link.up, mtu = link.mtu, mac = link.mac, group = link.group, rename = link.name } = change;
      if (rename !== link.name && netns.links.some(({ name }) => name === rename)) throw refuse(EEXIST);
      const next = { ...link, up, mtu, mac, group, name: rename };
      netns.links = netns.links.map((one) => (one === link ? next : one));
      renameLink(netns, link.name, rename);
      if (link.up && !up) netns.routes = netns.routes.filter((route) => route.link !== rename);
      if (!link.up && up) for (const one of netns.addresses) if (one.link === rename) addPrefixRoute(netns, one);
      return undefined;
    }
    case 'delete-link':
      return deleteLinks(netns, ({ name }) => name === change.link);
    case 'delete-group':
      if (change.group === 0) throw refuse(EPERM);
      return deleteLinks(netns, ({ group }) => group === change.group);
    case 'replace-address': {
      const { link, address, length, noPrefixRoute = false } = change;
      const { up } = required(link);
      const own = { link, address, length, prefixRoute: !noPrefixRoute };
      netns.addresses = [...netns.addresses.filter((one) => !isSame(one, change)), own];
      if (up) addPrefixRoute(netns, own);
      return undefined;
    }
    case 'delete-address':
      netns.addresses = netns.addresses.filter((one) => !isSame(one, change));
      netns.routes = netns.routes.filter((route) => route.source !== change.address);
      return undefined;
    case 'replace-route':
      return replaceRoute(netns, change, { link: required(change.link), refuse });
    case 'replace-blackhole': {
      const { destination, table = MAIN } = change;
      const others = netns.routes.filter((route) => !isRoute(route, destination, table));
      const hole = { destination, table, link: undefined, gateway: undefined, source: undefined };
      netns.routes = [...others, hole];
      return undefined;
    }
    case 'delete-route': {
      const { destination, table = MAIN, link } = change;
      const isMeant = (route: FakeRoute): boolean =>
        isRoute(route, destination, table) && (link ?? route.link) === route.link;
      netns.routes = netns.routes.filter((route) => !isMeant(route));
      return undefined;
    }
    case 'replace-neighbour': {
      const { link, address, mac } = change;
      required(link);
      const others = netns.neighbours.filter((one) => one.link !== link || one.address !== address);
      netns.neighbours = [...others, { link, address, mac }];
      return undefined;
    }
    case 'delete-neighbour':
      netns.neighbours = netns.neighbours.filter((one) => one.link !== change.link || one.address !== change.address);
      return undefined;
    case 'add-rule':
    case 'delete-rule': {
      const { op, ...rule } = change;
      const normal = normalRule(rule);
      const others = netns.rules.filter((one) => printRule(one) !== printRule(normal));
      netns.rules = op === 'add-rule' ? [...others, normal] : others;
      return undefined;
    }
  }
}

interface Surroundings {
  readonly machine: FakeMachine;
  readonly refuse: (errno: number, text?: string) => KernelError;
}

function addVeth(
  netns: FakeNetns,
  change: Extract<NetChange, { op: 'add-veth' }>,
  { machine, refuse }: Surroundings,
): void {
  const far = change.peer.netns === undefined ? netns : machine.resolve(change.peer.netns);
  const isTaken = (where: FakeNetns, name: string): boolean => where.links.some((one) => one.name === name);
  if (isTaken(netns, change.name) || isTaken(far, change.peer.name)) throw refuse(EEXIST);
  const [near, peer] = [machine.nextIndex(), machine.nextIndex()];
  const { name, mac, mtu = DEFAULT_MTU, up = false, group = 0 } = change;
  const { name: peerName, mac: peerMac, mtu: peerMtu = DEFAULT_MTU } = change.peer;
  const common = { kind: 'veth' };
  netns.links = [
    ...netns.links,
    { ...common, index: near, name, mac, mtu, up, group, peer: { netns: far, index: peer } },
  ];
  far.links = [
    ...far.links,
    {
      ...common,
      index: peer,
      name: peerName,
      mac: peerMac,
      mtu: peerMtu,
      up: false,
      group: 0,
      peer: { netns, index: near },
    },
  ];
}

/** With both ends, and all that is on them. */
export function deleteLinks(netns: FakeNetns, isMeant: (link: FakeLink) => boolean): void {
  for (const link of netns.links.filter(isMeant)) {
    forgetLink(netns, link.index);
    if (link.peer !== undefined) forgetLink(link.peer.netns, link.peer.index);
  }
}

function forgetLink(netns: FakeNetns, index: number): void {
  const name = netns.links.find((one) => one.index === index)?.name;
  netns.links = netns.links.filter((one) => one.index !== index);
  netns.addresses = netns.addresses.filter(({ link }) => link !== name);
  netns.routes = netns.routes.filter(({ link }) => link !== name);
  netns.neighbours = netns.neighbours.filter(({ link }) => link !== name);
}

function renameLink(netns: FakeNetns, from: string, to: string): void {
  const renamed = <T extends { readonly link: string | undefined }>(all: readonly T[]): readonly T[] =>
    all.map((one) => (one.link === from ? { ...one, link: to } : one));
  netns.addresses = renamed(netns.addresses);
  netns.routes = renamed(netns.routes);
  netns.neighbours = renamed(netns.neighbours);
}

interface Addressed {
  readonly link: string;
  readonly address: Ip;
  readonly length: number;
}
const isSame = (a: Addressed, b: Addressed): boolean =>
  a.link === b.link && a.address === b.address && a.length === b.length;

const isRoute = (route: FakeRoute, destination: Prefix, table: number): boolean =>
  route.table === table && formatPrefix(route.destination) === formatPrefix(destination);

function addPrefixRoute(
  netns: FakeNetns,
  { link, address, length, prefixRoute }: Addressed & { readonly prefixRoute: boolean },
): void {
  const network = parsePrefixLoosely(`${formatIp(address)}/${length}`);
  // A host's own address is in the table `local`, which the fake does not keep; IPv6 has a route in main as well.
  if (!network.ok || !prefixRoute || (isIpv4(address) && length === 32)) return;
  const source = isIpv4(address) ? address : undefined;
  const destination = network.value;
  netns.routes = [
    ...netns.routes.filter((one) => !isRoute(one, destination, MAIN)),
    { destination, table: MAIN, link, gateway: undefined, source },
  ];
}

function replaceRoute(
  netns: FakeNetns,
  change: Extract<NetChange, { op: 'replace-route' }>,
  { link, refuse }: { readonly link: FakeLink; readonly refuse: Surroundings['refuse'] },
): void {
  const { destination, gateway, table = MAIN, source, onlink = false } = change;
  if (!link.up) throw refuse(ENETDOWN);
  const isReachable = (to: Ip): boolean =>
    // A link-local gateway is on the link that is named with it.
    containsAddress(linkLocal, to) ||
    netns.routes.some(
      (route) =>
        [MAIN, table].includes(route.table) &&
        route.link === link.name &&
        route.gateway === undefined &&
        containsAddress(route.destination, to),
    );
  if (gateway !== undefined && !onlink && !isReachable(gateway)) {
    throw refuse(isIpv4(gateway) ? ENETUNREACH : EHOSTUNREACH, 'Nexthop has invalid gateway');
  }
  const others = netns.routes.filter((route) => !isRoute(route, destination, table));
  netns.routes = [...others, { destination, table, link: link.name, gateway, source }];
}

const normalRule = ({ family, ...rule }: RuleSpec<Family>): RuleSpec<Family> => {
  const base = (rule.from ?? rule.to)?.base;
  const isSix = family === 'ipv6' || (base !== undefined && !isIpv4(base));
  return isSix ? { ...rule, family: 'ipv6' } : rule;
};
