/** What `evaluate` answers: a value from which the verdict can be worked out again, and which explains itself. */
import type { Ip } from '../address/ip.ts';
import type { Flow, NetworkInterface, SecurityGroupRule } from './model.ts';
import type { Direction, NoWay, Way } from './way.ts';

/** Egress is judged at the source's interface, ingress at the target's. */
export type Side = 'egress' | 'ingress';

/** Who has an address. */
export type End =
  | {
      readonly kind: 'interface';
      readonly address: Ip;
      readonly interface: NetworkInterface;
      /** Absent while the interface is unattached. */
      readonly instance?: string;
    }
  /** A service of the VPC that security groups never filter: its router, DNS, instance metadata, time. */
  | { readonly kind: 'service'; readonly address: Ip }
  /** An address of the VPC that no interface has. */
  | { readonly kind: 'nobody'; readonly address: Ip }
  | { readonly kind: 'outside'; readonly address: Ip };

/** A side that lets the flow pass, and the rule by which it does (the first by group and rule id, if several do). */
export interface Passage {
  readonly side: Side;
  readonly interface: string;
  readonly group: string;
  readonly rule: SecurityGroupRule;
}

/** `ports` stands for the types and codes of ICMP, too. */
export type Difference = 'protocol' | 'ports' | 'peer';

/** A rule that nearly matched. */
export interface NearMiss {
  readonly group: string;
  readonly rule: SecurityGroupRule;
  readonly differsIn: readonly Difference[];
}

/** A rule that would let the flow pass: what to authorise. */
export type MissingRule = Omit<SecurityGroupRule, 'id'>;

export type Refusal =
  | {
      readonly kind: 'noRule';
      readonly side: Side;
      readonly interface: string;
      readonly groups: readonly string[];
      /** Those of {@link groups} whose rules are not known; they admit nothing. */
      readonly unknownGroups: readonly string[];
      readonly nearest?: NearMiss;
      readonly missing: MissingRule;
    }
  | {
      readonly kind: 'noWay';
      readonly direction: Direction;
      readonly reason: NoWay;
      readonly subnet: string;
      readonly gateway?: string;
    }
  | { readonly kind: 'noInterface'; readonly end: 'source' | 'target'; readonly address: Ip }
  | { readonly kind: 'unattached'; readonly end: 'source' | 'target'; readonly interface: string }
  | { readonly kind: 'familiesDiffer' }
  | { readonly kind: 'neitherInVpc' };

/**
 * Who judges: EC2 at the interfaces; Branchline's agent, where both ends are on one instance and one has groups of its
 * own; nobody, where both are on one instance with the instance's groups, where the flow is the kubelet's probe, or
 * where one end is a service of the VPC.
 */
export type Judge = 'ec2' | 'agent' | 'nobody';

export interface Judged {
  readonly flow: Flow;
  readonly source: End;
  readonly target: End;
  readonly judge: Judge;
  /** The sides that let it pass. */
  readonly passages: readonly Passage[];
  /** Of a flow between the VPC and the outside. */
  readonly way?: Way;
  /** The node's address, as which a pod with the node's groups leaves the VPC. */
  readonly leavesAs?: Ip;
  /** What could still drop it and is not modelled: network ACLs, where it crosses the edge of a subnet. */
  readonly notModelled: readonly 'networkAcls'[];
}

export type Verdict =
  | (Judged & { readonly allowed: true })
  /** Every reason that refuses it, the source's side first. */
  | (Judged & { readonly allowed: false; readonly refusals: readonly [Refusal, ...Refusal[]] });

export function toVerdict(judged: Judged, refusals: readonly Refusal[]): Verdict {
  const [first, ...more] = refusals;
  return first === undefined ? { ...judged, allowed: true } : { ...judged, allowed: false, refusals: [first, ...more] };
}
