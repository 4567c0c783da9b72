/** The state behind the fake: what a test builds, and the arithmetic of addresses and ids. */
import { type Ipv4, formatIpv4, ipv4 } from '../../core/address/ipv4.ts';
import { type Prefix4, addressesOf, containsAddress, prefix4, prefixSize } from '../../core/address/prefix.ts';
import type { SecurityGroupRule } from '../../core/vpc/model.ts';
import type { Ec2Instance, Ec2Interface, Ec2SecurityGroup, Ec2Subnet, Ec2TrunkAssociation } from '../port.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
export type StoredInterface = Writable<Ec2Interface> & {
  /** Reads that still show a transition as under way. */
  settling: number;
};

export interface FakeQuotas {
  /** Default 5, as EC2's. */
  readonly groupsPerInterface: number;
  /** How many reads show an attachment as `attaching` or `detaching`. Default 0. */
  readonly settlingReads: number;
}

export interface FakeWorld {
  readonly vpcs: Map<string, { cidrs: readonly string[] }>;
  readonly subnets: Map<string, Omit<Ec2Subnet, 'freeAddresses'>>;
  readonly groups: Map<string, Ec2SecurityGroup>;
  /** The entries of every version of each prefix list, the current one last. */
  readonly prefixLists: Map<string, readonly (readonly string[])[]>;
  readonly instances: Map<string, Writable<Ec2Instance>>;
  readonly interfaces: Map<string, StoredInterface>;
  readonly associations: Map<string, Ec2TrunkAssociation>;
  /** What a client token stood for, and the interface that it made. */
  readonly tokens: Map<string, { readonly request: string; readonly interface: string }>;
  /** `eni-` and 17 hex digits, counted. */
  newId(kind: string): string;
  newMac(): string;
}

export function createFakeWorld(): FakeWorld {
  let ids = 0;
  let macs = 0;
  return {
    vpcs: new Map(),
    subnets: new Map(),
    groups: new Map(),
    prefixLists: new Map(),
    instances: new Map(),
    interfaces: new Map(),
    associations: new Map(),
    tokens: new Map(),
    newId: (kind) => `${kind}-${(++ids).toString(16).padStart(17, '0')}`,
    newMac: () => `02:00:00:${(++macs).toString(16).padStart(6, '0').match(/../g)?.join(':') ?? ''}`,
  };
}

const usedAddresses = (world: FakeWorld): ReadonlySet<string> =>
  new Set([...world.interfaces.values()].flatMap((each) => [each.primaryAddress, ...each.addresses]));

/** EC2 keeps the first four addresses and the last one of every subnet. */
function* freeAddresses(world: FakeWorld, subnet: Prefix4): Generator<Ipv4> {
  const used = usedAddresses(world);
  const prefixes = [...world.interfaces.values()].flatMap((each) => each.prefixes.map(prefix4));
  const last = subnet.base + prefixSize(subnet) - 1;
  for (const address of addressesOf(subnet)) {
    if (address < subnet.base + 4 || address === last || used.has(formatIpv4(address))) continue;
    if (!prefixes.some((prefix) => containsAddress(prefix, address))) yield address;
  }
}

/** The lowest free ones; fewer than `count` if the subnet has no more. */
export function takeAddresses(world: FakeWorld, subnet: string, count: number): readonly string[] {
  const { cidr } = world.subnets.get(subnet) ?? {};
  if (cidr === undefined || count === 0) return [];
  const found: string[] = [];
  for (const address of freeAddresses(world, prefix4(cidr))) {
    found.push(formatIpv4(address));
    if (found.length === count) break;
  }
  return found;
}

export function countFree(world: FakeWorld, cidr: string): number {
  const range = prefix4(cidr);
  const interfaces = [...world.interfaces.values()];
  const used = [...usedAddresses(world)].filter((text) => text !== '' && containsAddress(range, ipv4(text)));
  const delegated = interfaces
    .flatMap((each) => each.prefixes.map(prefix4))
    .filter(({ base }) => containsAddress(range, base));
  return prefixSize(range) - 5 - used.length - delegated.reduce((sum, prefix) => sum + prefixSize(prefix), 0);
}

/** A new group lets everything out and nothing in. */
export const egressDefault = (world: FakeWorld): SecurityGroupRule => ({
  id: world.newId('sgr'),
  direction: 'egress',
  protocol: '-1',
  peer: { kind: 'cidr', cidr: '0.0.0.0/0' },
});
