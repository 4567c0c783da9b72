/**
 * The names and numbers that more than one room must agree on. Each is settled here and nowhere else;
 * `docs/architecture.md` ("Names and numbers") says why each is what it is.
 */

export const API_GROUP = 'branchline.dev';
export const API_VERSION = 'v1alpha1';
/** Raised when the meaning of a record changes; the controller uses nothing that an agent has not announced. */
export const RECORD_PROTOCOL = 2;
/** From this protocol on a record may name a trunk interface and branches. */
export const BRANCHES_PROTOCOL = 2;

export const NAMESPACE = 'kube-system';
export const AGENT_NAME = 'branchline-agent';
export const CONTROLLER_NAME = 'branchline-controller';

/** ConfigMaps that switch Branchline, the first found setting wins. */
export const SETTINGS_CONFIG_MAPS = ['aws-vpc-cni', 'amazon-vpc-cni'] as const;

/** What users write on a pod, a pod template or a service account: ids or names, separated by commas. */
export const SECURITY_GROUPS_ANNOTATION = 'vpc.amazonaws.com/security-groups';
/** What EKS's own controller writes on a pod to which it has given a branch interface. */
export const POD_ENI_ANNOTATION = 'vpc.amazonaws.com/pod-eni';
/** Of pods: whether they have the network that they ask for; absent where nothing was ever wrong. */
export const POD_CONDITION = 'branchline.dev/Network';
export const FINALIZER = 'branchline.dev/interfaces';

export const ec2Tags = {
  /** Which instance an interface of ours belongs to; written by CreateNetworkInterface itself. */
  instance: 'branchline.dev/instance',
  /** The key of the set that an interface serves. */
  set: 'branchline.dev/set',
  /** Of the set as it was then: no later interface is asked for with a token of this one's. */
  generation: 'branchline.dev/generation',
  /** Upstream's mark for "hands off", so that an upstream agent leaves the interface alone. */
  noManage: 'node.k8s.amazonaws.com/no_manage',
} as const;

/** What EKS's own controller writes on each branch interface as it makes it. */
export const eksTags = {
  trunk: 'vpcresources.k8s.aws/trunk-eni-id',
  vlan: 'vpcresources.k8s.aws/vlan-id',
} as const;

export const paths = {
  runDir: '/run/branchline',
  agentSocket: '/run/branchline/agent.sock',
  agentLock: '/run/branchline/agent.lock',
  delSpool: '/run/branchline/del',
  stateDir: '/var/lib/branchline',
  pluginName: 'branchline-cni',
  conflistName: '05-branchline.conflist',
} as const;

/** The daemons share a node's network, so no two are the same. */
export const ports = {
  agentMetrics: 61688,
  agentIntrospection: 61689,
  controllerMetrics: 61690,
  webhook: 9443,
} as const;

export const links = {
  hostVethPrefix: 'brl',
  /** Before the VLAN id, of a branch's device; rules tell pods' own links by the other prefix. */
  branchPrefix: 'brv',
  /** Link group of such a device that is whole: it is made in several steps, and an agent may die between two. */
  branchGroup: 0x6272,
  gateway4: '169.254.1.1',
  gateway6: 'fe80::1',
} as const;

export const routing = {
  /** All → {@link podTable}: routes to the pods of this node. */
  podRule: 700,
  podTable: 20000,
  /**
   * connmark {@link nodePortMark} → main: what came in by the first interface is answered by it. After the pods, since
   * a connection that bears the mark may lead to one of this node.
   */
  nodePortRule: 750,
  nodePortMark: 0x1000,
  mainTable: 254,
  /** From each address of an interface beyond the first → {@link interfaceTable}. */
  sourceRule: 800,
} as const;

/** The routing table of an interface beyond the node's first. */
export const interfaceTable = (card: number, deviceIndex: number): number => 20001 + 100 * card + deviceIndex;
/** That of a branch: beyond those of all the cards that an instance may have. */
export const branchTable = (vlan: number): number => 30000 + vlan;

export const nft = {
  family: 'inet',
  table: 'branchline',
  /** After DNAT and masquerade (srcnat is 100), so that a judgement sees what the wire would see. */
  postroutingPriority: 300,
  inputPriority: 0,
} as const;
