/**
 * `NodeNetwork` (branchline.dev/v1alpha1, cluster-scoped, named after its Node): what the controller tells the agent
 * of one node, and what the agent answers. The controller alone writes `spec`, the agent of that node alone `status`.
 * All addresses are text as EC2 and Kubernetes print them; rooms parse at their edge.
 */

export type InterfacePurpose = 'node' | 'groups' | 'trunk';

export interface InterfaceRecord {
  /** `eni-…` */
  readonly id: string;
  /** Lower case, with colons; how the agent finds the link. */
  readonly mac: string;
  readonly deviceIndex: number;
  readonly card: number;
  readonly purpose: InterfacePurpose;
  /** CIDR of the interface's subnet; its router is {@link gateway}. */
  readonly subnet: string;
  readonly gateway: string;
  /** Sorted ids. */
  readonly groups: readonly string[];
  /** Stays with the node (or, on a `groups` interface, serves no pod). */
  readonly primaryAddress: string;
  /** Secondary addresses, which pods get; sorted by number. */
  readonly addresses: readonly string[];
  /** Delegated /28 prefixes. */
  readonly prefixes: readonly string[];
}

/** A set of groups with pods on this node. */
export interface SetRecord {
  /** See `setKey`. */
  readonly key: string;
  /** Sorted ids. */
  readonly groups: readonly string[];
  /** Ids of the interfaces that serve the set; empty while there is none. */
  readonly interfaces: readonly string[];
  /** Raised when the set's interfaces are re-made; part of the client token. */
  readonly generation: number;
  /** UIDs of the pods that the set serves, sorted. */
  readonly pods: readonly string[];
}

/** A branch interface: one pod's alone, behind a VLAN id on the instance's trunk interface. */
export interface BranchRecord {
  /** UID. The pod is named in the set of {@link groups}, too. */
  readonly pod: string;
  /** `eni-…` */
  readonly id: string;
  readonly mac: string;
  /** Id of the trunk interface, which is among the record's interfaces. */
  readonly trunk: string;
  /** 1 to 4094. */
  readonly vlan: number;
  readonly subnet: string;
  readonly gateway: string;
  /** Sorted ids. */
  readonly groups: readonly string[];
  /** The interface's primary address, which is the pod's. */
  readonly address: string;
}

export interface NodeNetworkSpec {
  readonly instance: {
    readonly id: string;
    readonly type: string;
    readonly zone: string;
    readonly primaryMac: string;
  };
  readonly vpc: { readonly id: string; readonly cidrs: readonly string[] };
  readonly interfaces: readonly InterfaceRecord[];
  readonly sets: readonly SetRecord[];
  /** Absent where none are used. */
  readonly branches?: readonly BranchRecord[];
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase cause code. */
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export interface PoolStatus {
  /** `node`, or the key of a set. */
  readonly pool: string;
  readonly inUse: number;
  readonly wanted: number;
  readonly cooling: number;
}

export interface NodeNetworkStatus {
  readonly protocol?: number;
  /** metadata.generation of the spec that the agent has put in force. */
  readonly appliedGeneration?: number;
  readonly pools?: readonly PoolStatus[];
  /** Addresses that the agent will not hand out any more. */
  readonly releaseAcks?: readonly string[];
  readonly conditions?: readonly Condition[];
}

export interface ObjectMeta {
  readonly name: string;
  /** In a creation with an empty name: the server completes it. */
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
    readonly blockOwnerDeletion?: boolean;
  }[];
}

export interface NodeNetwork {
  readonly apiVersion: 'branchline.dev/v1alpha1';
  readonly kind: 'NodeNetwork';
  readonly metadata: ObjectMeta;
  readonly spec: NodeNetworkSpec;
  readonly status?: NodeNetworkStatus;
}
