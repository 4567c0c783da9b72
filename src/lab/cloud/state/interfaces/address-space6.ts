/** Which IPv6 addresses and prefixes of a subnet are taken, and which come next. */
import { type Ipv6, formatIpv6, parseIpv6 } from '../../../../core/address/ipv6.ts';
import {
  type Prefix6,
  containsAddress,
  containsPrefix,
  formatPrefix,
  lastAddress,
  parsePrefix6,
  prefix6,
} from '../../../../core/address/prefix.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import type { SubnetEntity } from '../tables.ts';
import { liveRange6 } from '../vpc/ranges6.ts';
import { secondaryInUse } from './address-space.ts';

/** The first four addresses of a subnet and its last are EC2's own. */
const RESERVED = 4n;
/** Length of the prefixes that EC2 delegates to interfaces. */
const PREFIX_LENGTH = 80;
const PREFIX_BITS = BigInt(128 - PREFIX_LENGTH);

const blockOf = (address: Ipv6): Ipv6 => ((address >> PREFIX_BITS) << PREFIX_BITS) as Ipv6;

/** The addresses of one subnet while a call takes some of them; texts are canonical. */
export class AddressSpace6 {
  readonly #subnet: SubnetEntity;
  readonly #addresses = new Set<Ipv6>();
  /** Bases of the prefixes that single addresses lie in. */
  readonly #broken = new Set<Ipv6>();
  /** Bases of the prefixes that are given away. */
  readonly #prefixes = new Set<Ipv6>();

  constructor(view: View, subnet: SubnetEntity) {
    this.#subnet = subnet;
    for (const { subnet: id, addresses6 = [], prefixes6 = [] } of view.all('interfaces')) {
      if (id !== subnet.id) continue;
      for (const text of addresses6) {
        const parsed = parseIpv6(text);
        if (parsed.ok) this.#use(parsed.value);
      }
      for (const text of prefixes6) this.#prefixes.add(prefix6(text).base);
    }
  }

  take(text: string): string {
    const parsed = parseIpv6(text);
    if (!parsed.ok) throw new Ec2Error('InvalidParameterValue', `invalid value for parameter address: ${text}`);
    const address = parsed.value;
    if (!containsAddress(this.#range(), address)) {
      throw new Ec2Error('InvalidParameterValue', "Address does not fall within the subnet's address range");
    }
    if (this.#isReserved(address)) {
      throw new Ec2Error('InvalidParameterValue', `Address ${text} is in subnet's reserved address range`);
    }
    if (!this.#isFree(address)) throw secondaryInUse(formatIpv6(address));
    return this.#use(address);
  }

  /** The lowest free ones; EC2's own choice looks random. */
  next(count: number): readonly string[] {
    const found: string[] = [];
    if (count === 0) return found;
    for (let address = this.#range().base + RESERVED; found.length < count; address++) {
      if (this.#isFree(address as Ipv6)) found.push(this.#use(address as Ipv6));
      // No address of a prefix that is given away is free: on to the next.
      else if (this.#prefixes.has(blockOf(address as Ipv6))) address |= (1n << PREFIX_BITS) - 1n;
    }
    return found;
  }

  takePrefix(text: string): string {
    const parsed = parsePrefix6(text);
    if (!parsed.ok || parsed.value.length !== PREFIX_LENGTH || !containsPrefix(this.#range(), parsed.value)) {
      throw new Ec2Error('InvalidParameterValue', `Value (${text}) for parameter Ipv6Prefix is invalid.`);
    }
    if (!this.#isFreePrefix(parsed.value.base)) {
      throw new Ec2Error('InvalidParameterValue', `The prefix ${text} is not available in the subnet.`);
    }
    return this.#usePrefix(parsed.value.base);
  }

  /** The lowest free ones; a subnet has 65,534 of them. */
  nextPrefixes(count: number): readonly string[] {
    const found: string[] = [];
    if (count === 0) return found;
    const range = this.#range();
    for (let base = range.base; found.length < count; base = (base + (1n << PREFIX_BITS)) as Ipv6) {
      if (!containsAddress(range, base)) {
        throw new Ec2Error(
          'InsufficientCidrBlocks',
          'The specified subnet does not have enough free cidr blocks to satisfy the request.',
        );
      }
      if (this.#isFreePrefix(base)) found.push(this.#usePrefix(base));
    }
    return found;
  }

  #range(): Prefix6 {
    const range = liveRange6(this.#subnet);
    if (range === undefined) {
      throw new Ec2Error(
        'InvalidParameterValue',
        `The subnet '${this.#subnet.id}' does not have an IPv6 CIDR block associated with it.`,
      );
    }
    return range;
  }

  #use(address: Ipv6): string {
    this.#addresses.add(address);
    this.#broken.add(blockOf(address));
    return formatIpv6(address);
  }

  #usePrefix(base: Ipv6): string {
    this.#prefixes.add(base);
    return formatPrefix({ base, length: PREFIX_LENGTH });
  }

  #isReserved(address: Ipv6): boolean {
    const range = this.#range();
    return address - range.base < RESERVED || address === lastAddress(range);
  }

  #isFree(address: Ipv6): boolean {
    return !this.#addresses.has(address) && !this.#prefixes.has(blockOf(address));
  }

  #isFreePrefix(base: Ipv6): boolean {
    const range = this.#range();
    const holdsReserved = base === range.base || base === blockOf(lastAddress(range) as Ipv6);
    return !holdsReserved && !this.#broken.has(base) && !this.#prefixes.has(base);
  }
}
