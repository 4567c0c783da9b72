/** Who has an address, and on which instance. */
import { type Ip, isIpv4 } from '../address/ip.ts';
import { type Prefix, containsAddress, prefix } from '../address/prefix.ts';
import type { NetworkInterface, Vpc } from './model.ts';
import type { End } from './verdict.ts';

/**
 * Instance metadata, DNS and time answer at link-local addresses and under fd00:ec2::/32; EC2 filters neither, nor its
 * router (fe80:ec2::1 in IPv6).
 */
const services: readonly Prefix[] = ['169.254.0.0/16', 'fd00:ec2::/32', 'fe80::/10'].map(prefix);

export function endOf(address: Ip, vpc: Vpc): End {
  const owner = vpc.interfaces.find((each) => hasAddress(each, address));
  if (owner !== undefined) {
    const instance = instanceOf(owner, vpc);
    return { kind: 'interface', address, interface: owner, ...(instance !== undefined && { instance }) };
  }
  if (isService(address, vpc)) return { kind: 'service', address };
  return { kind: vpc.cidrs.some((cidr) => containsAddress(cidr, address)) ? 'nobody' : 'outside', address };
}

const hasAddress = (owner: NetworkInterface, address: Ip): boolean =>
  owner.addresses.includes(address) || owner.prefixes.some((prefix) => containsAddress(prefix, address));

function isService(address: Ip, vpc: Vpc): boolean {
  if (services.some((range) => containsAddress(range, address))) return true;
  // The router answers at base + 1 of every subnet, DNS at base + 2 of the VPC's IPv4 ranges and subnets.
  const place = (range: Prefix): bigint | undefined =>
    isIpv4(address) === isIpv4(range.base) ? BigInt(address) - BigInt(range.base) : undefined;
  return (
    (isIpv4(address) && [...vpc.cidrs, ...vpc.subnets.map(({ cidr }) => cidr)].some((range) => place(range) === 2n)) ||
    vpc.subnets.some(({ cidr, cidr6 }) => place(cidr) === 1n || (cidr6 !== undefined && place(cidr6) === 1n))
  );
}

/** A branch interface is where its trunk is. */
export function instanceOf(owner: NetworkInterface, vpc: Vpc): string | undefined {
  if (owner.attachment !== undefined) return owner.attachment.instance;
  const trunk = owner.trunk?.interface;
  return trunk === undefined ? undefined : vpc.interfaces.find(({ id }) => id === trunk)?.attachment?.instance;
}

/** The interface at device index 0: the node's own. */
export const primaryOf = (instance: string | undefined, vpc: Vpc): NetworkInterface | undefined =>
  vpc.interfaces.find(
    ({ attachment }) => attachment !== undefined && attachment.instance === instance && attachment.deviceIndex === 0,
  );

/** Whether the interface's groups are pods' own, not the node's. */
export function hasOwnGroups(owner: NetworkInterface, vpc: Vpc): boolean {
  if (owner.purpose !== undefined) return owner.purpose === 'groups' || owner.purpose === 'branch';
  const primary = primaryOf(instanceOf(owner, vpc), vpc);
  return primary !== undefined && !sameGroups(primary.groups, owner.groups);
}

const sameGroups = (a: readonly string[], b: readonly string[]): boolean =>
  new Set([...a, ...b]).size === new Set(a).size && new Set(a).size === new Set(b).size;
