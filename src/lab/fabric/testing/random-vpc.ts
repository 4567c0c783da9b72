/** VPCs, groups and flows at random from a seed, for the comparison of the fabric with `evaluate`. */
import { type Ipv4, formatIpv4, ipv4 } from '../../../core/address/ipv4.ts';
import { mac } from '../../../core/address/mac.ts';
import { addressAt, containsAddress, prefix4, type Prefix4 } from '../../../core/address/prefix.ts';
import type { Flow, SecurityGroup, SecurityGroupRule, Vpc } from '../../../core/vpc/model.ts';
import { ownAddresses } from '../network/plan-network.ts';
import type { FabricInterface, FabricWorld } from '../port.ts';
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
}

export const OUTSIDE = ipv4('203.0.113.10');
const cidrs = ['10.0.0.0/16', '100.64.0.0/16'].map(prefix4);
const subnets = ['10.0.0.0/20', '10.0.16.0/20', '100.64.0.0/20'].map(prefix4);
const groupIds = ['sg-0', 'sg-1', 'sg-2', 'sg-3', 'sg-4'];
const listIds = ['pl-0', 'pl-1'];

/** Four instances, two of which have a second interface. */
export const slots = (netns: (index: number) => string): readonly Slot[] =>
  [0, 1, 2, 3, 0, 1].map((instance, at) => {
    const deviceIndex = at < 4 ? 0 : 1;
    const subnet = subnets[(at + deviceIndex) % 3] ?? prefix4('10.0.0.0/20');
    return {
      id: `eni-${at}`,
      netns: netns(instance),
      deviceIndex,
      subnet,
      primary: addressAt(subnet, 16 + at),
      secondary: [addressAt(subnet, 64 + at), addressAt(subnet, 96 + at)],
      prefix: { base: addressAt(subnet, 1024 + 16 * at), length: 28 },
    };
  });

/** Every address that a slot may have and a witness tries; two of the prefix. */
export const addressesOfSlot = ({ primary, secondary, prefix }: Slot): readonly Ipv4[] => [
  primary,
  ...secondary,
  addressAt(prefix, 0),
  addressAt(prefix, 15),
];

export function randomWorld(from: Random, all: readonly Slot[]): FabricWorld {
  const present = all.filter(({ deviceIndex }) => deviceIndex === 0 || from.chance(0.8));
  return {
    cidrs,
    subnets,
    interfaces: present.map((slot) => randomInterface(from, slot)),
    groups: from.some(groupIds, 0.9).map((id) => randomGroup(from, id, all)),
    prefixLists: Object.fromEntries(
      from.some(listIds, 0.8).map((id) => [id, Array.from({ length: from.below(4) }, () => randomPrefix(from, all))]),
    ),
    outside: [OUTSIDE],
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
  };
}

/** Some as they were, some as they would be, and some come or gone. */
function mixed<T extends { readonly id: string }>(from: Random, old: readonly T[], fresh: readonly T[]): readonly T[] {
  return [...new Set([...old, ...fresh].map(({ id }) => id))].flatMap((id) => {
    const one = (from.chance(0.3) ? fresh : old).find((each) => each.id === id);
    return one === undefined ? [] : [one];
  });
}

const randomInterface = (from: Random, { primary, secondary, prefix, ...slot }: Slot): FabricInterface => ({
  ...slot,
  mac: mac(`06:00:00:00:01:0${slot.id.slice(4)}`),
  addresses: [primary, ...from.some(secondary, 0.85)],
  prefixes: from.some([prefix], 0.85),
  groups: [...new Set([from.pick(groupIds), ...from.some(groupIds, 0.15)])],
  sourceDestCheck: true,
});

function randomGroup(from: Random, id: string, all: readonly Slot[]): SecurityGroup {
  const rules = (direction: 'ingress' | 'egress', most: number): readonly SecurityGroupRule[] =>
    Array.from({ length: from.below(most + 1) }, () => allow(direction, randomMatch(from), randomPeer(from, all)));
  const open = from.chance(0.7) ? [allow('egress', 'all', '0.0.0.0/0')] : [];
  return aGroup(id, [...rules('ingress', 10), ...rules('egress', 4), ...open]);
}

function randomMatch(from: Random): string {
  const range = (): string => {
    // At a port that is tried, or next to it.
    const bound = (): number => Math.min(65_535, from.pick(PORTS) - 1 + from.below(3));
    const [a, b] = [bound(), bound()];
    return from.chance(0.2) ? '0-65535' : `${Math.min(a, b)}-${Math.max(a, b)}`;
  };
  return from.pick([
    () => 'all',
    () => `tcp ${range()}`,
    () => `tcp ${range()}`,
    () => `6 ${range()}`,
    () => `UDP ${range()}`,
    () => `udp ${range()}`,
    () => `icmp ${from.pick([8, 0, 3, 13, 200])}/${from.pick([-1, 0, 1, 4])}`,
    () => 'icmp -1/-1',
    () => 'tcp',
    () => `${from.pick([50, 99])}`,
  ])();
}

function randomPeer(from: Random, all: readonly Slot[]): string {
  if (from.chance(0.4)) return from.pick([...groupIds, 'sg-gone']);
  if (from.chance(0.15)) return from.pick([...listIds, 'pl-gone']);
  if (from.chance(0.4)) return from.pick(['0.0.0.0/0', '0.0.0.0/0', '::/0', '10.0.0.0/16']);
  // With bits beyond the length, which EC2 clears.
  return `${formatIpv4(from.pick(all.flatMap(addressesOfSlot)))}/${8 + from.below(25)}`;
}

function randomPrefix(from: Random, all: readonly Slot[]): Prefix4 {
  const { base, length } = { base: from.pick(all.flatMap(addressesOfSlot)), length: 8 + from.below(25) };
  const size = 2 ** (32 - length);
  return { base: (Math.floor(base / size) * size) as Ipv4, length };
}

/** From one instance or the outside to another end, whether or not the addresses are assigned. */
export function randomFlow(
  from: Random,
  all: readonly Slot[],
): { readonly flow: Flow; readonly from: Slot | 'outside' } {
  const origin = from.chance(0.1) ? 'outside' : from.pick(all);
  const others = all.filter((slot) => origin === 'outside' || slot.netns !== origin.netns);
  const toOutside = origin !== 'outside' && from.chance(0.1);
  const nobody = from.chance(0.03) ? [addressAt(prefix4('10.0.9.0/24'), 9)] : [];
  const [target = toOutside ? OUTSIDE : from.pick(addressesOfSlot(from.pick(others)))] = nobody;
  const ends = { source: origin === 'outside' ? OUTSIDE : from.pick(addressesOfSlot(origin)), target };
  const protocol = from.pick([6, 6, 6, 6, 17, 17, 1, 1, 50, 99]);
  if (protocol === 1) {
    const icmp = { type: from.pick([8, 8, 0, 3, 13, 200]), code: from.pick([0, 0, 1, 4]) };
    return { from: origin, flow: { ...ends, protocol, icmp } };
  }
  return {
    from: origin,
    flow: { ...ends, protocol, ...(protocol === 6 || protocol === 17 ? { port: from.pick(PORTS) } : {}) },
  };
}

/** Whose namespace has an address; undefined for nobody's. */
export const slotOf = (all: readonly Slot[], address: Ipv4): Slot | undefined =>
  all.find(
    (slot) => slot.primary === address || slot.secondary.includes(address) || containsAddress(slot.prefix, address),
  );

/** What `evaluate` is told of the same world. */
export const vpcOf = (world: FabricWorld): Vpc => ({
  id: 'vpc-1',
  cidrs: world.cidrs,
  subnets: world.subnets.map((cidr, at) => ({ id: `subnet-${at}`, vpc: 'vpc-1', zone: 'a', cidr })),
  interfaces: world.interfaces.map(({ id, netns, deviceIndex, addresses, prefixes, groups, sourceDestCheck }) => ({
    id,
    subnet: 'subnet-0',
    groups,
    addresses,
    prefixes,
    sourceDestCheck,
    attachment: { instance: netns, deviceIndex },
  })),
  groups: world.groups,
  prefixLists: world.prefixLists,
});

export const everyAddress = (world: FabricWorld): readonly Ipv4[] => world.interfaces.flatMap(ownAddresses);
