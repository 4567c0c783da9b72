/**
 * EC2 as the controller sees it: typed, validated at the edge, one verb a call. Implemented by `ec2.ts` over
 * @aws-sdk/client-ec2 and by `testing/fake.ts` in memory. Failures are CodedErrors (ec2-*), which carry EC2's own code
 * as the start of `detail`, and `instance-unknown`, `interface-slots-exhausted`, `groups-too-many`, `subnet-full`.
 */
import type { ReportedInstanceType } from '../core/limits/instance-limits.ts';
import type { ObservedInterface, ObservedSubnet } from '../core/plan/snapshot.ts';
import type { SecurityGroupRule } from '../core/vpc/model.ts';

export interface Ec2Instance {
  readonly id: string;
  readonly type: string;
  readonly zone: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly state: string;
}

export interface Ec2Interface extends ObservedInterface {
  readonly vpc: string;
}

/** A branch interface on a trunk interface. */
export interface Ec2TrunkAssociation {
  /** `trunk-assoc-…` */
  readonly id: string;
  readonly trunk: string;
  readonly branch: string;
  readonly vlan: number;
}

export interface Ec2Subnet extends ObservedSubnet {
  readonly vpc: string;
}

export interface Ec2SecurityGroup {
  readonly id: string;
  readonly vpc: string;
  readonly groupName: string;
  readonly nameTag?: string;
  readonly rules: readonly SecurityGroupRule[];
}

export interface Ec2PrefixList {
  /** `pl-…` */
  readonly id: string;
  /** Grows with each change of the entries; absent for lists of AWS's own. */
  readonly version?: number;
}

/** Filters are ANDed; values of one are ORed. */
export interface InterfaceFilter {
  readonly vpc?: string;
  readonly ids?: readonly string[];
  readonly instance?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Ec2 {
  /** One id that EC2 does not know fails the whole call: `instance-unknown`. */
  instances(ids: readonly string[]): Promise<readonly Ec2Instance[]>;
  /** What a type takes, for types that `core/limits` does not know; undefined if EC2 does not know it either. */
  instanceType(type: string): Promise<ReportedInstanceType | undefined>;
  /** IPv4, the primary range first. */
  vpcCidrs(vpc: string): Promise<readonly string[]>;
  subnets(vpc: string): Promise<readonly Ec2Subnet[]>;
  /** Ids that EC2 does not know are left out. */
  interfaces(filter: InterfaceFilter): Promise<readonly Ec2Interface[]>;
  /** Ids that EC2 does not know are left out. Not open to every caller: ec2-unauthorized, ec2-refused. */
  trunkAssociations(ids: readonly string[]): Promise<readonly Ec2TrunkAssociation[]>;
  /** Groups of one VPC with their rules (rule ids included). */
  securityGroups(vpc: string): Promise<readonly Ec2SecurityGroup[]>;
  /** Managed prefix lists; ids that EC2 does not know, or does not show to us, are left out. */
  prefixLists(ids: readonly string[]): Promise<readonly Ec2PrefixList[]>;
  /** CIDRs of a prefix list, of the given version or else the current one. */
  prefixListEntries(request: { readonly list: string; readonly version?: number }): Promise<readonly string[]>;

  createInterface(request: {
    readonly subnet: string;
    readonly groups: readonly string[];
    readonly description: string;
    readonly tags: Readonly<Record<string, string>>;
    /** ≤ 64 ASCII characters; the same token gives the same interface, also after a lost answer. */
    readonly clientToken: string;
    readonly secondaryAddresses: number;
  }): Promise<Ec2Interface>;
  /** Harmless to repeat: gives the attachment that is there, if it is the one that was asked for. */
  attachInterface(request: {
    readonly interface: string;
    readonly instance: string;
    readonly deviceIndex: number;
    readonly card: number;
  }): Promise<{ readonly attachment: string }>;
  setDeleteOnTermination(request: { readonly interface: string; readonly attachment: string }): Promise<void>;
  assignAddresses(request: { readonly interface: string; readonly count: number }): Promise<readonly string[]>;
  /** Harmless to repeat: addresses that are gone already are left out. */
  unassignAddresses(request: { readonly interface: string; readonly addresses: readonly string[] }): Promise<void>;
  /** Answers at once; the interface stays `detaching` for seconds. What is gone already is success, here and below. */
  detachInterface(request: { readonly attachment: string }): Promise<void>;
  deleteInterface(request: { readonly interface: string }): Promise<void>;
}
