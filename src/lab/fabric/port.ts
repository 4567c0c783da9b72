/**
 * The fabric: the network namespace that plays the VPC. It is told the whole world that packets need and makes the
 * kernel agree; it decides nothing about EC2's API and keeps no state that it cannot read back or be told again.
 */
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import type { Prefix4 } from '../../core/address/prefix.ts';
import type { SecurityGroup } from '../../core/vpc/model.ts';

/** An interface that is attached to a running instance. */
export interface FabricInterface {
  readonly id: string;
  readonly mac: Mac;
  /** The instance's namespace, by its name under /run/netns. */
  readonly netns: string;
  /** The device in the instance is `eth` + this. */
  readonly deviceIndex: number;
  readonly subnet: Prefix4;
  /** Primary first. */
  readonly addresses: readonly Ipv4[];
  readonly prefixes: readonly Prefix4[];
  readonly groups: readonly string[];
  readonly sourceDestCheck: boolean;
}

export interface FabricWorld {
  /** Ranges of the VPC: what is routed between interfaces. */
  readonly cidrs: readonly Prefix4[];
  /** Subnets: the router answers at base + 1 of each. */
  readonly subnets: readonly Prefix4[];
  readonly interfaces: readonly FabricInterface[];
  readonly groups: readonly SecurityGroup[];
  readonly prefixLists: Readonly<Record<string, readonly Prefix4[]>>;
  /** Addresses outside the VPC at which services of the cloud listen inside the fabric's namespace. */
  readonly outside: readonly Ipv4[];
}

export interface Fabric {
  /**
   * Makes the kernel agree with `world`, by the difference to what it was told last; a change of one rule or one member
   * is one small transaction. A failure leaves the last agreed world in force and throws.
   */
  sync(world: FabricWorld): void;
  /** Takes the fabric's namespace and all devices away. */
  destroy(): void;
}
