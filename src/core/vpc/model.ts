/**
 * The VPC as EC2 describes it, as far as packets are concerned. Read-only values; whoever observes EC2 (the controller)
 * or plays it (the lab) makes them. Addresses and ranges are branded values of `core/address`.
 * Network ACLs are not modelled: Branchline never makes any, and their default lets everything pass.
 */
import type { Ip } from '../address/ip.ts';
import type { Mac } from '../address/mac.ts';
import type { Prefix, Prefix4, Prefix6 } from '../address/prefix.ts';

/** One peer a rule, as EC2 stores them; text as EC2 prints it, because records carry rules as they are. */
export type RulePeer =
  | { readonly kind: 'cidr'; readonly cidr: string }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'prefixList'; readonly prefixList: string };

export interface SecurityGroupRule {
  /** `sgr-…` */
  readonly id: string;
  readonly direction: 'ingress' | 'egress';
  /** As EC2 answers: `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or the number as text. */
  readonly protocol: string;
  /** Port or ICMP type; absent for `-1`; −1 for any ICMP type. */
  readonly fromPort?: number;
  /** Port or ICMP code. */
  readonly toPort?: number;
  readonly peer: RulePeer;
  readonly description?: string;
}

export interface SecurityGroup {
  readonly id: string;
  readonly vpc: string;
  readonly name: string;
  readonly rules: readonly SecurityGroupRule[];
}

/** Where a subnet's route table sends a destination; the most specific route wins. */
export interface Route {
  readonly destination: Prefix;
  readonly target: RouteTarget;
}

export type RouteTarget =
  | { readonly kind: 'local' }
  /** Translates one to one: only a source with a public address (or any IPv6 address) gets out. */
  | { readonly kind: 'internetGateway'; readonly id: string }
  | { readonly kind: 'natGateway'; readonly id: string }
  /** IPv6 only, outwards only. */
  | { readonly kind: 'egressOnlyGateway'; readonly id: string }
  /** A peering, a transit gateway, a VPN, an endpoint: leads to private networks, without translation. */
  | { readonly kind: 'private'; readonly id: string }
  /** The target is gone, the route is not. */
  | { readonly kind: 'blackhole' };

export interface Subnet {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  readonly cidr: Prefix4;
  readonly cidr6?: Prefix6;
  /** Absent: not known, and `evaluate` says nothing of ways out. */
  readonly routes?: readonly Route[];
}

export interface NetworkInterface {
  readonly id: string;
  readonly subnet: string;
  readonly groups: readonly string[];
  /** Of both families; the primary IPv4 address first. */
  readonly addresses: readonly Ip[];
  /** Delegated /28 and /80 prefixes. */
  readonly prefixes: readonly Prefix[];
  readonly sourceDestCheck: boolean;
  readonly mac?: Mac;
  /** Absent while unattached: such an interface passes nothing, unless it is a branch of a trunk that is attached. */
  readonly attachment?: { readonly instance: string; readonly deviceIndex: number };
  /** Of a branch interface: the trunk that carries it, and as which VLAN. */
  readonly trunk?: { readonly interface: string; readonly vlan: number };
  /**
   * Whom it serves. Absent: told from its groups, an interface whose groups differ from those of its instance's device
   * 0 serves pods with groups of their own.
   */
  readonly purpose?: 'node' | 'groups' | 'trunk' | 'branch';
  /** Public addresses by the private address that each is mapped to, as EC2 prints them. */
  readonly publicAddresses?: Readonly<Record<string, string>>;
}

/** What `evaluate` needs to know of one VPC. */
export interface Vpc {
  readonly id: string;
  /** Of both families; the primary range first. */
  readonly cidrs: readonly Prefix[];
  readonly subnets: readonly Subnet[];
  readonly interfaces: readonly NetworkInterface[];
  readonly groups: readonly SecurityGroup[];
  /** Entries of each prefix list by id. */
  readonly prefixLists: Readonly<Record<string, readonly Prefix[]>>;
}

/** A connection's first packet. */
export interface Flow {
  readonly source: Ip;
  readonly target: Ip;
  /** IP protocol number: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6. */
  readonly protocol: number;
  /** Target port of TCP and UDP. */
  readonly port?: number;
  /** Type and code of ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number };
  /** The kubelet's own, from the node to a port that a probe or hook of the target names. Default false. */
  readonly probe?: boolean;
}
