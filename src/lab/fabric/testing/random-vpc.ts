/** VPCs, groups and flows at random from a seed, for the comparison of the fabric with `evaluate`. */
import { formatIp, type Ip, ip, isIpv4 } from '../../../core/address/ip.ts';
import { type Ipv4, ipv4 } from '../../../core/address/ipv4.ts';
import type { Ipv6 } from '../../../core/address/ipv6.ts';
import { mac } from '../../../core/address/mac.ts';
import {
  addressAt,
  parsePrefixLoosely,
  type Prefix,
  prefix,
  prefix4,
  type Prefix4,
  prefix6,
  type Prefix6,
} from '../../../core/address/prefix.ts';
import type { Flow, Route, SecurityGroup, SecurityGroupRule, Vpc } from '../../../core/vpc/model.ts';
import { lab } from '../../names.ts';
import type { FabricInterface, FabricSubnet, FabricWorld } from '../port.ts';
import { aGroup, allow } from './builders.ts';
import { PORTS } from './scratch-instances.ts';

export interface Random {
  /** 0 … below - 1 */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
  some<T>(values: readonly T[], probability: number): readonly T[];
}

/** mulberry32 */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (probability) => next() < probability,
    pick(values) {
      const value = values[below(values.length)];
      if (value === undefined) throw new RangeError('nothing to pick from');
      return value;
    },
    some: (values, probability) => values.filter(() => next() < probability),
  };
}

/** An interface that may be there, and all that it may have. */
export interface Slot {
  readonly id: string;
  readonly netns: string;
  readonly deviceIndex: number;
  readonly subnet: Prefix4;
  readonly primary: Ipv4;
  readonly secondary: readonly Ipv4[];
  readonly prefix: Prefix4;
  readonly public: Ipv4;
  readonly primary6: Ipv6;
  readonly secondary6: Ipv6;
  readonly prefix6: Prefix6;
}

/** The one host outside. */
export const OUTSIDE = { four: ip(lab.outsideHost.address), six: ip(lab.outsideHost.address6) };
const cidrs = ['10.0.0.0/16', '100.64.0.0/16'].map(prefix4);
const cidrs6 = [prefix6('2001:db8:1::/56')];
const subnets = ['10.0.0.0/20', '10.0.16.0/20', '100.64.0.0/20'].map((cidr, at) => ({
  cidr: prefix4(cidr),
  cidr6: prefix6(`2001:db8:1:${at}::/64`),
}));
/** In the first subnet, whose default route it needs. */
const natGateways = [
  { id: 'nat-1', subnet: subnets[0]?.cidr ?? prefix4('10.0.0.0/20'), publicAddress: ipv4('203.0.113.200') },
];
const groupIds = ['sg-0', 'sg-1', 'sg-2', 'sg-3', 'sg-4'];
const listIds = ['pl-0', 'pl-1'];

/** Four instances, two of which have a second interface. */
export const slots = (netns: (index: number) => string): readonly Slot[] =>
  [0, 1, 2, 3, 0, 1].map((instance, at) => {
    const deviceIndex = at < 4 ? 0 : 1;
    const where = (at + deviceIndex) % 3;
    const { cidr: subnet, cidr6 } = subnets[where] ?? { cidr: prefix4('10.0.0.0/20'), cidr6: prefix6('::/64') };
    return {
      id: `eni-${at}`,
      netns: netns(instance),
      deviceIndex,
      subnet,
      primary: addressAt(subnet, 16 + at),
      secondary: [addressAt(subnet, 64 + at), addressAt(subnet, 96 + at)],
      prefix: { base: addressAt(subnet, 1024 + 16 * at), length: 28 },
      public: ipv4(`203.0.113.${130 + at}`),
      primary6: (cidr6.base + BigInt(16 + at)) as Ipv6,
      secondary6: (cidr6.base + BigInt(64 + at)) as Ipv6,
      prefix6: { base: (cidr6.base + (BigInt(1 + at) << 48n)) as Ipv6, length: 80 },
    };
  });

/** Every address that a slot may have and a witness tries; two of each prefix. */
export const addressesOfSlot = (slot: Slot): readonly Ip[] => [...foursOf(slot), ...sixesOf(slot)];

const foursOf = ({ primary, secondary, prefix: own }: Slot): readonly Ipv4[] => [
  primary,
  ...secondary,
  addressAt(own, 0),
  addressAt(own, 15),
];
const sixesOf = ({ primary6, secondary6, prefix6: { base } }: Slot): readonly Ipv6[] => [
  primary6,
  secondary6,
  base,
  (base + 0xffff_ffffn) as Ipv6,
];

export function randomWorld(from: Random, all: readonly Slot[]): FabricWorld {
  const present = all.filter(({ deviceIndex }) => deviceIndex === 0 || from.chance(0.8));
  return {
    cidrs,
    cidrs6,
    subnets: subnets.map((subnet, at) => ({ ...subnet, routes: randomRoutes(from, at) })),
    natGateways,
    interfaces: present.map((slot) => randomInterface(from, slot)),
    groups: from.some(groupIds, 0.9).map((id) => randomGroup(from, id, all)),
    prefixLists: Object.fromEntries(from.some(listIds, 0.8).map((id) => [id, randomList(from, all)])),
    outside: [],
  };
}

/** The same world with some of it changed. */
export function randomChange(from: Random, world: FabricWorld, all: readonly Slot[]): FabricWorld {
  const fresh = randomWorld(from, all);
  return {
    ...world,
    interfaces: from.chance(0.5) ? mixed(from, world.interfaces, fresh.interfaces) : world.interfaces,
    groups: from.chance(0.5) ? mixed(from, world.groups, fresh.groups) : world.groups,
    prefixLists: from.chance(0.2) ? fresh.prefixLists : world.prefixLists,
    subnets: from.chance(0.4) ? fresh.subnets : world.subnets,
  };
}

/** The first subnet is always public, as one with a NAT gateway is. */
function randomRoutes(from: Random, at: number): readonly Route[] {
  const kinds = ['internetGateway', 'natGateway', 'blackhole'] as const;
  const random = (destination: string, kind: (typeof kinds)[number]): Route => ({
    destination: prefix(destination),
    target: kind === 'blackhole' ? { kind } : { kind, id: kind === 'natGateway' ? 'nat-1' : 'igw-1' },
  });
  const six = from.pick(['internetGateway', 'egressOnlyGateway', 'blackhole', 'none'] as const);
  return [
    ...(at === 0 ? [random('0.0.0.0/0', 'internetGateway')] : []),
    ...(at > 0 && from.chance(0.8) ? [random('0.0.0.0/0', from.pick(kinds))] : []),
    ...(at > 0 && from.chance(0.2) ? [random(`${lab.outsideHost.address}/32`, from.pick(kinds))] : []),
    ...(six === 'none'
      ? []
      : [
          {
            destination: prefix('::/0'),
            target: six === 'blackhole' ? { kind: six } : { kind: six, id: 'gw-6' },
          } as const,
        ]),
  ];
}

/** Some as they were, some as they would be, and some come or gone. */
function mixed<T extends { readonly id: string }>(from: Random, old: readonly T[], fresh: readonly T[]): readonly T[] {
  return [...new Set([...old, ...fresh].map(({ id }) => id))].flatMap((id) => {
    const one = (from.chance(0.3) ? fresh : old).find((each) => each.id === id);
    return one === undefined ? [] : [one];
  });
}

const randomInterface = (from: Random, slot: Slot): FabricInterface => ({
  id: slot.id,
  netns: slot.netns,
  deviceIndex: slot.deviceIndex,
  subnet: slot.subnet,
  mac: mac(`06:00:00:00:01:0${slot.id.slice(4)}`),
  addresses: [slot.primary, ...from.some(slot.secondary, 0.95)],
  prefixes: from.some([slot.prefix], 0.95),
  addresses6: [slot.primary6, ...from.some([slot.secondary6], 0.95)],
  prefixes6: from.some([slot.prefix6], 0.95),
  publicAddresses: from.some([{ address: slot.primary, public: slot.public }], 0.6),
  groups: [...new Set([from.pick(groupIds), ...from.some(groupIds, 0.15)])],
  sourceDestCheck: true,
});

function randomGroup(from: Random, id: string, all: readonly Slot[]): SecurityGroup {
  const rules = (direction: 'ingress' | 'egress', most: number): readonly SecurityGroupRule[] =>
    Array.from({ length: from.below(most + 1) }, () => allow(direction, randomMatch(from), randomPeer(from, all)));
  const open = from.some(['0.0.0.0/0', '::/0'], 0.5).map((everywhere) => allow('egress', 'all', everywhere));
  return aGroup(id, [...rules('ingress', 9), ...rules('egress', 5), ...open]);
}

function randomMatch(from: Random): string {
  const range = (): string => {
    const [a, b] = [from.pick(PORTS), from.pick(PORTS)];
    return from.chance(0.1) ? '0-65535' : `${Math.min(a, b)}-${Math.max(a, b)}`;
  };
  return from.pick([
    ...Array.from({ length: 4 }, () => () => 'all'),
    ...Array.from({ length: 5 }, () => () => `tcp ${range()}`),
    ...Array.from({ length: 3 }, () => () => `udp ${range()}`),
    () => `6 ${range()}`,
    () => `UDP ${range()}`,
    () => `icmp ${from.pick([8, 0, 3, 13, 200])}/${from.pick([-1, 0, 1, 4])}`,
    () => 'icmp -1/-1',
    () => `icmpv6 ${from.pick([128, 129, 200])}/${from.pick([-1, 0, 1])}`,
    () => 'icmpv6 -1/-1',
    () => 'tcp',
    () => `${from.pick([50, 99])}`,
  ])();
}

function randomPeer(from: Random, all: readonly Slot[]): string {
  if (from.chance(0.4)) return from.pick([...groupIds, 'sg-gone']);
  if (from.chance(0.15)) return from.pick([...listIds, 'pl-gone']);
  if (from.chance(0.7)) return from.pick(['0.0.0.0/0', '0.0.0.0/0', '::/0', '::/0', '10.0.0.0/8', '2001:db8::/32']);
  // With bits beyond the length, which EC2 clears.
  return randomRange(from, from.pick(all.flatMap(addressesOfSlot)));
}

const randomRange = (from: Random, address: Ip): string =>
  isIpv4(address) ? `${formatIp(address)}/${8 + from.below(25)}` : `${formatIp(address)}/${56 + from.below(73)}`;

/** Of one family. */
function randomList(from: Random, all: readonly Slot[]): readonly Prefix[] {
  const addresses: readonly Ip[] = all.flatMap<Ip>(from.chance(0.5) ? foursOf : sixesOf);
  return Array.from({ length: from.below(4) }, () => {
    const parsed = parsePrefixLoosely(randomRange(from, from.pick(addresses)));
    return parsed.ok ? parsed.value : prefix('192.0.2.0/24');
  });
}

/** From one instance or the outside to another end, whether or not the addresses are assigned. */
export function randomFlow(
  from: Random,
  all: readonly Slot[],
): { readonly flow: Flow; readonly from: Slot | 'outside' } {
  const origin = from.chance(0.1) ? 'outside' : from.pick(all);
  const others = all.filter((slot) => origin === 'outside' || slot.netns !== origin.netns);
  const toOutside = origin !== 'outside' && from.chance(0.1);
  const isSix = from.chance(0.35);
  const addresses: (slot: Slot) => readonly Ip[] = isSix ? sixesOf : foursOf;
  const outside = isSix ? OUTSIDE.six : OUTSIDE.four;
  const nobody = from.chance(0.03) ? [ip(isSix ? '2001:db8:1:9::9' : '10.0.9.9')] : [];
  const [target = toOutside ? outside : from.pick(addresses(from.pick(others)))] = nobody;
  const ends = { source: origin === 'outside' ? outside : from.pick(addresses(origin)), target };
  const isOut = origin === 'outside' || toOutside;
  const icmp = isSix ? 58 : 1;
  // NAT gateways know no other protocols.
  const protocol = from.pick([6, 6, 6, 6, 17, 17, icmp, icmp, ...(isOut ? [] : [50, 99])]);
  if (protocol === 1 || protocol === 58) {
    // Only what begins a connection, to the kernel, is translated on its way.
    const types = isOut ? [8] : [8, 8, 0, 3, 13, 200];
    const message = isSix
      ? { type: from.pick([128, 128, 129, 200]), code: from.pick([0, 0, 1]) }
      : { type: from.pick(types), code: from.pick([0, 0, 1, 4]) };
    return { from: origin, flow: { ...ends, protocol, icmp: message } };
  }
  return {
    from: origin,
    flow: { ...ends, protocol, ...(protocol === 6 || protocol === 17 ? { port: from.pick(PORTS) } : {}) },
  };
}

/** Whose namespace has an address; undefined for nobody's. */
export const slotOf = (all: readonly Slot[], address: Ip): Slot | undefined =>
  all.find((slot) => addressesOfSlot(slot).includes(address));

/** What a packet bears: outside, an address of the VPC is known by its public one. */
export function asSent({ source, target }: Flow, world: FabricWorld): Ip {
  if (source !== OUTSIDE.four) return target;
  const pairs = world.interfaces.flatMap(({ publicAddresses = [] }) => publicAddresses);
  return pairs.find(({ address }) => address === target)?.public ?? target;
}

/** What `evaluate` is told of the same world. */
export const vpcOf = (world: FabricWorld): Vpc => ({
  id: 'vpc-1',
  cidrs: [...world.cidrs, ...(world.cidrs6 ?? [])],
  subnets: world.subnets.map((subnet) => ({ id: idOf(subnet), vpc: 'vpc-1', zone: 'a', ...subnet })),
  interfaces: world.interfaces.map(({ id, netns, deviceIndex, subnet, groups, sourceDestCheck, ...one }) => ({
    id,
    subnet: idOf({ cidr: subnet }),
    groups,
    addresses: [...one.addresses, ...(one.addresses6 ?? [])],
    prefixes: [...one.prefixes, ...(one.prefixes6 ?? [])],
    sourceDestCheck,
    attachment: { instance: netns, deviceIndex },
    // There is no agent to let anything leave as its node.
    purpose: 'groups',
    publicAddresses: Object.fromEntries(
      (one.publicAddresses ?? []).map((pair) => [formatIp(pair.address), formatIp(pair.public)]),
    ),
  })),
  groups: world.groups,
  prefixLists: world.prefixLists,
});

const idOf = ({ cidr }: FabricSubnet): string => `subnet-${formatIp(cidr.base)}`;
