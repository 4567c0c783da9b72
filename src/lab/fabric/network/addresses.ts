/** Which addresses stand where in the fabric. Pure. */
import { type Ip, formatIp } from '../../../core/address/ip.ts';
import type { Ipv4 } from '../../../core/address/ipv4.ts';
import { type Ipv6, ipv6 } from '../../../core/address/ipv6.ts';
import { type Mac, macBytes } from '../../../core/address/mac.ts';
import { addressAt, addressesOf, type Prefix4, type Prefix6 } from '../../../core/address/prefix.ts';
import { delta } from '../delta.ts';
import type { FabricInterface, FabricWorld } from '../port.ts';

/** EC2's router of a subnet. */
export const router = (subnet: Prefix4): Ipv4 => addressAt(subnet, 1);
export const router6 = (subnet: Prefix6): Ipv6 => (subnet.base + 1n) as Ipv6;
/** The same on every interface. */
export const ROUTER_LINK_LOCAL: Ipv6 = ipv6('fe80:ec2::1');

/** The addresses at which the namespace itself answers. */
export const localAddresses = ({ subnets, outside, services = [] }: FabricWorld): readonly Ip[] => [
  ...subnets.map(({ cidr }) => router(cidr)),
  ...subnets.flatMap(({ cidr6 }) => (cidr6 === undefined ? [] : [router6(cidr6)])),
  ...outside,
  ...services,
];

/** Every IPv4 address of the interface, those of its prefixes one by one. */
export const ownAddresses = ({ addresses, prefixes }: FabricInterface): readonly Ipv4[] => [
  ...addresses,
  ...prefixes.flatMap((prefix) => [...addressesOf(prefix)]),
];

/** What leads to the MAC whatever link-local address the instance has chosen for itself: a permanent neighbour. */
export function mappedLinkLocal(mac: Mac): Ipv6 {
  const [first = 0, ...others] = macBytes(mac);
  const eui64 = [first ^ 2, ...others.slice(0, 2), 0xff, 0xfe, ...others.slice(2)];
  return eui64.reduce((value, byte) => (value << 8n) | BigInt(byte), 0xfe80_0000_0000_0000n) as Ipv6;
}

interface Held {
  readonly address: Ip;
  readonly by: string;
}
/** With the public ones. A prefix of IPv6 has too many to name: its connections end by themselves. */
const heldBy = (one: FabricInterface): readonly Held[] => [
  ...[...ownAddresses(one), ...(one.addresses6 ?? [])].map((address) => ({ address, by: one.id })),
  ...(one.publicAddresses ?? []).map(({ address, public: outer }) => ({
    address: outer,
    by: `${one.id} ${formatIp(address)}`,
  })),
];

/** Those that are no longer held by whom they were. */
export const lostAddresses = (before: readonly FabricInterface[], after: readonly FabricInterface[]): readonly Ip[] =>
  delta(before.flatMap(heldBy), after.flatMap(heldBy), ({ address }) => formatIp(address)).gone.map(
    ({ address }) => address,
  );
