/** Which addresses of a subnet are taken, and which come next. */
import { type Ipv4, formatIpv4, parseIpv4 } from '../../../../core/address/ipv4.ts';
import {
  type Prefix4,
  addressAt,
  containsAddress,
  containsPrefix,
  overlaps,
  parsePrefix4,
  prefixSize,
} from '../../../../core/address/prefix.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import type { SubnetEntity } from '../tables.ts';

/** The first four addresses of a subnet and its last are EC2's own. */
const RESERVED = 5;
/** Length of the prefixes that EC2 delegates to interfaces. */
export const PREFIX_LENGTH = 28;
const PREFIX_SIZE = 16;

const sizeOf = ({
  addresses,
  prefixes,
}: {
  readonly addresses: readonly Ipv4[];
  readonly prefixes: readonly Prefix4[];
}) => addresses.length + prefixes.length * PREFIX_SIZE;

/** AvailableIpAddressCount by subnet. */
export function freeAddressCounts(view: View): ReadonlyMap<string, number> {
  const free = new Map<string, number>();
  for (const { id, cidr } of view.all('subnets')) free.set(id, prefixSize(cidr) - RESERVED);
  for (const each of view.all('interfaces')) free.set(each.subnet, (free.get(each.subnet) ?? 0) - sizeOf(each));
  for (const each of view.all('natGateways')) {
    if (each.state !== 'deleted') free.set(each.subnet, (free.get(each.subnet) ?? 0) - 1);
  }
  return free;
}

/** The addresses of one subnet while a call takes some of them. */
export class AddressSpace {
  readonly #subnet: SubnetEntity;
  readonly #taken = new Set<number>();
  readonly #prefixes: Prefix4[] = [];

  constructor(view: View, subnet: SubnetEntity) {
    this.#subnet = subnet;
    for (const { subnet: id, addresses, prefixes } of view.all('interfaces')) {
      if (id !== subnet.id) continue;
      for (const address of addresses) this.#taken.add(address);
      this.#prefixes.push(...prefixes);
    }
    for (const { subnet: id, state, address } of view.all('natGateways')) {
      if (id === subnet.id && state !== 'deleted') this.#taken.add(address);
    }
  }

  /** A named address: in the subnet, not reserved, not taken (`inUse` says how the call refuses that). */
  take(text: string, inUse: (address: string) => Ec2Error): Ipv4 {
    const parsed = parseIpv4(text);
    if (!parsed.ok) throw new Ec2Error('InvalidParameterValue', `invalid value for parameter address: ${text}`);
    const address = parsed.value;
    if (!containsAddress(this.#subnet.cidr, address)) {
      throw new Ec2Error('InvalidParameterValue', "Address does not fall within the subnet's address range");
    }
    if (this.#isReserved(address)) {
      throw new Ec2Error('InvalidParameterValue', `Address ${text} is in subnet's reserved address range`);
    }
    if (!this.#isFree(address)) throw inUse(formatIpv4(address));
    this.#taken.add(address);
    return address;
  }

  /** The lowest free ones; EC2's own choice looks random. */
  next(count: number): readonly Ipv4[] {
    const found: Ipv4[] = [];
    const { cidr } = this.#subnet;
    for (let index = 4; found.length < count && index < prefixSize(cidr) - 1; index++) {
      const address = addressAt(cidr, index);
      if (this.#isFree(address)) found.push(address);
    }
    if (found.length < count) {
      throw new Ec2Error(
        'InsufficientFreeAddressesInSubnet',
        'The specified subnet does not have enough free addresses to satisfy the request.',
      );
    }
    for (const address of found) this.#taken.add(address);
    return found;
  }

  takePrefix(text: string): Prefix4 {
    const parsed = parsePrefix4(text);
    if (!parsed.ok || parsed.value.length !== PREFIX_LENGTH || !containsPrefix(this.#subnet.cidr, parsed.value)) {
      throw new Ec2Error('InvalidParameterValue', `Value (${text}) for parameter Ipv4Prefix is invalid.`);
    }
    if (!this.#isFreePrefix(parsed.value)) {
      throw new Ec2Error('InvalidParameterValue', `The prefix ${text} is not available in the subnet.`);
    }
    this.#prefixes.push(parsed.value);
    return parsed.value;
  }

  /** From the top, so that single addresses, which come from the bottom, break up few blocks. */
  nextPrefixes(count: number): readonly Prefix4[] {
    if (this.#free() < count * PREFIX_SIZE) {
      throw new Ec2Error('InvalidParameterValue', "There aren't sufficient free Ipv4 addresses or prefixes");
    }
    const found: Prefix4[] = [];
    const { cidr } = this.#subnet;
    for (let index = prefixSize(cidr) - PREFIX_SIZE; found.length < count && index >= 0; index -= PREFIX_SIZE) {
      const prefix: Prefix4 = { base: addressAt(cidr, index), length: PREFIX_LENGTH };
      if (this.#isFreePrefix(prefix)) found.push(prefix);
    }
    if (found.length < count) {
      throw new Ec2Error(
        'InsufficientCidrBlocks',
        'The specified subnet does not have enough free cidr blocks to satisfy the request.',
      );
    }
    this.#prefixes.push(...found);
    return found;
  }

  #free(): number {
    return prefixSize(this.#subnet.cidr) - RESERVED - this.#taken.size - this.#prefixes.length * PREFIX_SIZE;
  }

  #isReserved(address: Ipv4): boolean {
    const index = address - this.#subnet.cidr.base;
    return index < 4 || index === prefixSize(this.#subnet.cidr) - 1;
  }

  #isFree(address: Ipv4): boolean {
    return !this.#taken.has(address) && !this.#prefixes.some((prefix) => containsAddress(prefix, address));
  }

  #isFreePrefix(prefix: Prefix4): boolean {
    if (this.#prefixes.some((other) => overlaps(other, prefix))) return false;
    for (let index = 0; index < PREFIX_SIZE; index++) {
      const address = addressAt(prefix, index);
      if (this.#taken.has(address) || this.#isReserved(address)) return false;
    }
    return true;
  }
}

export const primaryInUse = (address: string): Ec2Error =>
  new Ec2Error('InvalidIPAddress.InUse', `Address ${address} is in use.`);

/** EC2 has another code for a secondary address that is taken. */
export const secondaryInUse = (address: string): Ec2Error =>
  new Ec2Error('InvalidParameterValue', `Address ${address} is already assigned to another network interface.`);
