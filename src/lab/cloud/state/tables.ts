/**
 * What the cloud remembers, as flat read-only values by id. Times are milliseconds since the epoch. A value with
 * `settleAtMs` is on its way to its next state (`settle.ts`). Everything here must survive JSON.
 */
import type { Ipv4 } from '../../../core/address/ipv4.ts';
import type { Mac } from '../../../core/address/mac.ts';
import type { Prefix4 } from '../../../core/address/prefix.ts';
import type { SecurityGroupRule } from '../../../core/vpc/model.ts';

export type Tags = Readonly<Record<string, string>>;

export interface VpcCidr {
  /** `vpc-cidr-assoc-…` */
  readonly association: string;
  readonly cidr: Prefix4;
  readonly state: 'associating' | 'associated' | 'disassociating';
  readonly settleAtMs?: number;
}

/** A range of IPv6, of a VPC or a subnet. */
export interface Cidr6 {
  /** `vpc-cidr-assoc-…`, `subnet-cidr-assoc-…` */
  readonly association: string;
  /** Canonical text, since JSON has no number that long. */
  readonly cidr: string;
  readonly state: 'associating' | 'associated' | 'disassociating';
  readonly settleAtMs?: number;
}

export interface VpcEntity {
  readonly id: string;
  /** The primary one first. */
  readonly cidrs: readonly VpcCidr[];
  readonly cidrs6?: readonly Cidr6[];
  /** Counts the VPCs that exist at one time, from 0: each has a fabric of its own. */
  readonly ordinal: number;
  /** Default false. */
  readonly dnsHostnames?: boolean;
  /** Default true. */
  readonly dnsSupport?: boolean;
  readonly tags: Tags;
}

export interface SubnetEntity {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  readonly cidr: Prefix4;
  /** EC2 has one at most; another may still be on its way out. */
  readonly cidrs6?: readonly Cidr6[];
  readonly mapPublicIpOnLaunch: boolean;
  /** Default false. */
  readonly assignIpv6OnCreation?: boolean;
  readonly tags: Tags;
}

export interface RuleEntity extends SecurityGroupRule {
  readonly tags: Tags;
}

export interface GroupEntity {
  readonly id: string;
  readonly vpc: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly RuleEntity[];
  readonly tags: Tags;
}

export interface Attachment {
  /** `eni-attach-…` */
  readonly id: string;
  readonly instance: string;
  readonly deviceIndex: number;
  readonly card: number;
  readonly status: 'attaching' | 'attached' | 'detaching';
  readonly attachedAtMs: number;
  readonly deleteOnTermination: boolean;
  readonly settleAtMs?: number;
}

export interface InterfaceEntity {
  readonly id: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly zone: string;
  readonly description: string;
  readonly mac: Mac;
  readonly groups: readonly string[];
  /** Primary first. */
  readonly addresses: readonly Ipv4[];
  readonly prefixes: readonly Prefix4[];
  /** Canonical text, as {@link Cidr6}. */
  readonly addresses6?: readonly string[];
  readonly prefixes6?: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly type: 'interface' | 'trunk' | 'branch';
  /** Of a branch that is associated. */
  readonly trunk?: {
    /** `trunk-assoc-…` */
    readonly association: string;
    readonly interface: string;
    readonly vlan: number;
  };
  readonly tags: Tags;
  readonly attachment?: Attachment;
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated';

/** How an instance may use its metadata service. */
export interface MetadataOptions {
  readonly tokens: 'optional' | 'required';
  readonly endpoint: 'enabled' | 'disabled';
  readonly tags: 'enabled' | 'disabled';
  readonly hopLimit: number;
}

export interface InstanceEntity {
  readonly id: string;
  readonly reservation: string;
  readonly launchIndex: number;
  readonly type: string;
  readonly image: string;
  readonly state: InstanceState;
  readonly vpc: string;
  readonly subnet: string;
  readonly zone: string;
  readonly privateDnsName: string;
  readonly launchedAtMs: number;
  readonly keyName?: string;
  readonly userData?: string;
  readonly clientToken?: string;
  readonly instanceProfile?: string;
  readonly terminationProtected: boolean;
  /** Default: {@link MetadataOptions} as newer images have them. */
  readonly metadata?: MetadataOptions;
  readonly tags: Tags;
  readonly settleAtMs?: number;
}

export interface PrefixListEntry {
  readonly cidr: string;
  readonly description?: string;
}

export interface PrefixListEntity {
  readonly id: string;
  readonly name: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly maxEntries: number;
  /** The first is version 1, the last the current one. */
  readonly versions: readonly (readonly PrefixListEntry[])[];
  readonly tags: Tags;
}

export interface RouteTableAssociation {
  /** `rtbassoc-…` */
  readonly id: string;
  /** Absent: it is the VPC's main table. */
  readonly subnet?: string;
}

export interface RouteEntity {
  readonly destination: string;
  readonly target: { readonly kind: 'gateway' | 'interface' | 'natGateway'; readonly id: string };
}

export interface RouteTableEntity {
  readonly id: string;
  readonly vpc: string;
  /** Without the local ones, which follow the VPC's ranges. */
  readonly routes: readonly RouteEntity[];
  readonly associations: readonly RouteTableAssociation[];
  readonly tags: Tags;
}

export interface InternetGatewayEntity {
  readonly id: string;
  /** Where it is attached. */
  readonly vpc?: string;
  readonly tags: Tags;
}

export interface PermissionEntity {
  readonly id: string;
  readonly interface: string;
  readonly permission: 'INSTANCE-ATTACH' | 'EIP-ASSOCIATE';
  /** Who has it: an account, or else a service. */
  readonly account?: string;
  readonly service?: string;
}

export interface ElasticAddressEntity {
  /** `eipalloc-…` */
  readonly id: string;
  readonly address: Ipv4;
  readonly association?: {
    /** `eipassoc-…` */
    readonly id: string;
    /** One of the two. */
    readonly interface?: string;
    readonly natGateway?: string;
    /** The private one. */
    readonly address: Ipv4;
  };
  readonly tags: Tags;
}

export interface NatGatewayEntity {
  readonly id: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly state: 'pending' | 'available' | 'deleting' | 'deleted';
  /** The private one. */
  readonly address: Ipv4;
  readonly isPublic: boolean;
  readonly createdAtMs: number;
  readonly tags: Tags;
  readonly settleAtMs?: number;
}

/** A client token that was used: what it asked for and what it made. Its id is `ACTION:TOKEN`. */
export interface TokenEntity {
  readonly id: string;
  readonly fingerprint: string;
  readonly resources: readonly string[];
}

/** How many random values have been drawn; with the seed it says which comes next. Its only id is `ids`. */
export interface CounterEntity {
  readonly id: string;
  readonly drawn: number;
  readonly seed: string;
}

export interface Tables {
  readonly vpcs: VpcEntity;
  readonly subnets: SubnetEntity;
  readonly groups: GroupEntity;
  readonly interfaces: InterfaceEntity;
  readonly instances: InstanceEntity;
  readonly prefixLists: PrefixListEntity;
  readonly routeTables: RouteTableEntity;
  readonly internetGateways: InternetGatewayEntity;
  readonly elasticAddresses: ElasticAddressEntity;
  readonly natGateways: NatGatewayEntity;
  readonly permissions: PermissionEntity;
  readonly tokens: TokenEntity;
  readonly counters: CounterEntity;
}

export type TableName = keyof Tables;

export const tableNames = [
  'vpcs',
  'subnets',
  'groups',
  'interfaces',
  'instances',
  'prefixLists',
  'routeTables',
  'internetGateways',
  'elasticAddresses',
  'natGateways',
  'permissions',
  'tokens',
  'counters',
] as const satisfies readonly TableName[];
