/**
 * The fabric: the network namespace that plays the VPC. It is told the whole world that packets need and makes the
 * kernel agree; it decides nothing about EC2's API and keeps no state that it cannot read back or be told again.
 */
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { Ipv6 } from '../../core/address/ipv6.ts';
import type { Mac } from '../../core/address/mac.ts';
import type { Prefix, Prefix4, Prefix6 } from '../../core/address/prefix.ts';
import type { Route, SecurityGroup } from '../../core/vpc/model.ts';

/** An interface that is attached to a running instance, or a branch of one that is. */
export interface FabricInterface {
  readonly id: string;
  readonly mac: Mac;
  /** The instance's namespace, by its name under /run/netns. */
  readonly netns: string;
  /** The device in the instance is `eth` + this. Of a branch: its trunk's. */
  readonly deviceIndex: number;
  readonly subnet: Prefix4;
  /** Primary first. */
  readonly addresses: readonly Ipv4[];
  readonly prefixes: readonly Prefix4[];
  readonly addresses6?: readonly Ipv6[];
  readonly prefixes6?: readonly Prefix6[];
  readonly groups: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly publicAddresses?: readonly PublicAddress[];
  /** Of a branch: its packets come and go by the device of this interface, tagged. */
  readonly trunk?: { readonly interface: string; readonly vlan: number };
}

/** One address outside for one inside, both ways. */
export interface PublicAddress {
  readonly address: Ipv4;
  readonly public: Ipv4;
}

export interface FabricSubnet {
  /** The router answers at base + 1. An interface's `subnet` is this one's. */
  readonly cidr: Prefix4;
  readonly cidr6?: Prefix6;
  /** Of its route table, the local ones not needed. Absent: no way out. */
  readonly routes?: readonly Route[];
}

export interface FabricNatGateway {
  readonly id: string;
  /** Where it stands: it leads out only if an internet gateway does so from there. */
  readonly subnet: Prefix4;
  /** Absent: it is a private one, which leads nowhere here. */
  readonly publicAddress?: Ipv4;
}

export interface FabricWorld {
  /** Ranges of the VPC: what nobody has of them leads nowhere. */
  readonly cidrs: readonly Prefix4[];
  readonly cidrs6?: readonly Prefix6[];
  readonly subnets: readonly FabricSubnet[];
  readonly interfaces: readonly FabricInterface[];
  readonly groups: readonly SecurityGroup[];
  readonly prefixLists: Readonly<Record<string, readonly Prefix[]>>;
  readonly natGateways?: readonly FabricNatGateway[];
  /** Addresses outside the VPC at which programs of the lab listen inside the fabric's namespace; groups apply. */
  readonly outside: readonly Ipv4[];
  /** Addresses at which services of the VPC listen inside the fabric's namespace; no group filters those. */
  readonly services?: readonly Ipv4[];
}

export interface Fabric {
  /**
   * Makes the kernel agree with `world`, by the difference to what it was told last; a change of one rule or one member
   * is one small transaction. A failure leaves the last agreed world in force and throws.
   */
  sync(world: FabricWorld): void;
  /** Takes the fabric's namespace, the one outside and all devices away. */
  destroy(): void;
}
