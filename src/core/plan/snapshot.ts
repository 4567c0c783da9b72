/**
 * What the planner is given: one node as the cluster and EC2 show it at one moment. Whoever makes a snapshot has synced
 * every cache that it is made from, else pods that are merely unseen would lose their interfaces.
 */
import type { CodedError } from '../errors/coded-error.ts';
import type { GroupRequest } from '../groups/match.ts';
import type { InstanceLimits } from '../limits/instance-limits.ts';
import type { NodeNetworkSpec, NodeNetworkStatus } from '../records/node-network.ts';
import type { PodEni } from '../records/pod-eni.ts';
import type { PodGroupsMode } from '../settings/settings.ts';

/** An interface as EC2 shows it: one of the instance, or one that bears our tag with the instance's id. */
export interface ObservedInterface {
  readonly id: string;
  readonly mac: string;
  readonly subnet: string;
  /** `available`, `in-use`, `pending`, … */
  readonly status: string;
  /** `interface`, `trunk`, `branch`, `efa`, … */
  readonly interfaceType: string;
  readonly groups: readonly string[];
  /** Empty where an interface has no IPv4 address (efa-only). */
  readonly primaryAddress: string;
  /** Without the primary one. */
  readonly addresses: readonly string[];
  readonly prefixes: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly attachment?: {
    readonly id: string;
    /** The attachment's own id (`ela-attach-…`) where a service of AWS has attached it to an instance of its own. */
    readonly instance: string;
    readonly deviceIndex: number;
    readonly card: number;
    readonly status: string;
    readonly deleteOnTermination: boolean;
  };
}

/** An interface that some pod's annotation names. */
export interface ObservedBranch extends ObservedInterface {
  /** As EC2 tells it of the association; absent where it does not, and its tags may. */
  readonly association?: { readonly trunk: string; readonly vlan: number };
}

export interface ObservedSubnet {
  readonly id: string;
  readonly zone: string;
  readonly cidr: string;
  /** As EC2 last said; a subnet that just refused an address counts as full. */
  readonly freeAddresses: number;
  readonly tags: Readonly<Record<string, string>>;
}

export type RequestSource = Extract<GroupRequest, { readonly kind: 'groups' }>['from'];

/** What a pod asks for, resolved against the groups of the VPC. */
export type PodDemand =
  | { readonly kind: 'node' }
  | { readonly kind: 'groups'; readonly groups: readonly string[]; readonly from: RequestSource }
  | { readonly kind: 'refused'; readonly error: CodedError };

/** A pod that is bound to the node, has not finished and has a network of its own. */
export interface PodFact {
  readonly uid: string;
  readonly demand: PodDemand;
  /** Present while the pod is wired: it stays where its address is, whatever it asks for meanwhile. */
  readonly address?: string;
  /** What its annotation says of a branch interface, or why it cannot be used; absent: it has none. */
  readonly eni?: PodEni | CodedError;
}

export interface NodeSnapshot {
  readonly instance: { readonly id: string; readonly type: string; readonly zone: string };
  readonly vpc: { readonly id: string; readonly cidrs: readonly string[] };
  readonly limits: Pick<InstanceLimits, 'interfacesByCard' | 'addressesPerInterface'>;
  /** Of the VPC. */
  readonly subnets: readonly ObservedSubnet[];
  readonly mode: PodGroupsMode;
  readonly interfaces: readonly ObservedInterface[];
  /** Those of {@link branchesToSee}, as far as EC2 shows them. */
  readonly branches: readonly ObservedBranch[];
  readonly pods: readonly PodFact[];
  /** undefined: there is no record yet. */
  readonly record: KnownRecord | undefined;
  /** Since when nobody needs an interface, by its id; one that is not in it has just lost its last pod. */
  readonly idleSinceMs: ReadonlyMap<string, number>;
  /** Since when a pod waits for others, by its UID; one that is not in it has just begun to. */
  readonly awaitedSinceMs: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

export interface KnownRecord {
  readonly uid: string;
  /** metadata.generation of {@link spec}. */
  readonly generation: number;
  readonly spec: NodeNetworkSpec;
  /** What the agent last said; undefined while it has said nothing. */
  readonly status?: NodeNetworkStatus;
}
