/**
 * Every error that a user, an operator or a program can meet, in one place: whose fault it is, whether the same
 * attempt can succeed later, and what to do next. Codes never change their meaning; `docs/errors.md` lists them.
 */

export type Fault = 'user' | 'system' | 'cloud';

export interface CatalogueEntry {
  readonly fault: Fault;
  /** Whether the same attempt, unchanged, may succeed later. */
  readonly retry: boolean;
  /** What is wrong, without the particulars. */
  readonly summary: string;
  /** The next step for whoever reads it. */
  readonly remedy: string;
}

const entry = (fault: Fault, retry: boolean, summary: string, remedy: string): CatalogueEntry => ({
  fault,
  retry,
  summary,
  remedy,
});

export const catalogue = {
  // What users ask for.
  'pod-groups-disabled': entry(
    'user',
    true,
    'the pod asks for security groups, but pod security groups are switched off',
    'set ENABLE_POD_ENI: "true" in the ConfigMap kube-system/aws-vpc-cni, or remove the annotation or the policy',
  ),
  'groups-annotation-malformed': entry(
    'user',
    false,
    'the list of security groups cannot be read',
    'write ids or names separated by commas, for example "sg-0123456789abcdef0,web"',
  ),
  'groups-too-many': entry(
    'user',
    false,
    'the pod asks for more security groups than an interface takes',
    'ask for fewer, or have the quota "security groups per network interface" raised',
  ),
  'policy-invalid': entry(
    'user',
    true,
    'a SecurityGroupPolicy that means the pod, or may mean it, cannot be used',
    'correct the named field of the policy, or delete the policy',
  ),
  'annotation-against-policy': entry(
    'user',
    true,
    'a SecurityGroupPolicy decides what security groups the pod has',
    'remove the annotation vpc.amazonaws.com/security-groups from the pod, or change the policy',
  ),
  'service-account-unknown': entry(
    'user',
    true,
    'it is not known whether a SecurityGroupPolicy means the pod, since its service account does not exist',
    'usually passes by itself; otherwise create the service account',
  ),
  'group-unknown': entry(
    'user',
    true,
    'a security group does not exist in this VPC',
    'check the id or name with `aws ec2 describe-security-groups`',
  ),
  'group-ambiguous': entry(
    'user',
    true,
    'several security groups of this VPC bear the name',
    'ask for the group by its id',
  ),
  'pod-eni-malformed': entry(
    'user',
    false,
    'the pod’s annotation vpc.amazonaws.com/pod-eni cannot be read',
    'only EKS’s controller may write it: delete the pod, so that its successor gets one of its own',
  ),
  'pod-eni-mismatch': entry(
    'user',
    true,
    'EC2 shows something else than the pod’s annotation vpc.amazonaws.com/pod-eni says or its groups demand',
    'only EKS’s controller may write it: delete the pod, so that its successor gets one of its own',
  ),
  'pod-eni-missing': entry(
    'user',
    true,
    'EKS’s controller has given the pod no branch interface',
    'in the mode eks it serves pods that a SecurityGroupPolicy matches when they are created: write one and create the pod anew, look at the events of pod and node, or set POD_GROUPS_MODE: "shared"',
  ),
  'pod-eni-unproven': entry(
    'user',
    true,
    'EC2 does not show which trunk interface carries the pod’s branch interface',
    'permit the controller ec2:DescribeTrunkInterfaceAssociations; without it, the tags of EKS’s controller on the branch interface must tell',
  ),
  'cninode-missing': entry(
    'user',
    true,
    'EKS’s controller has made no CNINode for the node',
    'in an EKS cluster it makes one for each node within moments; anywhere else POD_GROUPS_MODE must be "shared"',
  ),
  'setting-invalid': entry(
    'user',
    false,
    'a setting has a value that it cannot take',
    'correct the value; until then the last valid one, or the default, is in force',
  ),
  // The plugin and its caller.
  'cni-config-invalid': entry(
    'user',
    false,
    'the CNI network configuration is not usable',
    'let the agent write the configuration list, or correct the named key',
  ),
  'cni-request-invalid': entry(
    'system',
    false,
    'the container runtime sent a request that is not CNI',
    'check CNI_COMMAND, CNI_CONTAINERID, CNI_NETNS and CNI_IFNAME',
  ),
  'cni-version-unsupported': entry(
    'user',
    false,
    'the CNI version is not one that the plugin speaks',
    'use one of the versions that the VERSION command lists',
  ),
  'frame-invalid': entry(
    'system',
    false,
    'a frame on the agent’s socket is malformed',
    'install plugin and agent of one version',
  ),
  'agent-unreachable': entry(
    'system',
    true,
    'the agent does not answer on its socket',
    'look at the branchline-agent pod of this node',
  ),
  // The node.
  'node-record-missing': entry(
    'system',
    true,
    'the controller has not written this node’s record yet',
    'look at the branchline-controller pod and at the conditions of the NodeNetwork of this node',
  ),
  'node-record-foreign': entry(
    'system',
    false,
    'the node’s record names a primary MAC that is not on this machine',
    'check the Node’s spec.providerID: it must name the instance that the node runs on',
  ),
  'agent-outdated': entry(
    'system',
    true,
    'the agent of the node cannot serve branch interfaces yet',
    'passes by itself while the agent starts or is updated; otherwise look at the branchline-agent pod of the node',
  ),
  'pod-unknown': entry(
    'system',
    true,
    'the API server has not shown this pod to the agent',
    'usually passes by itself; otherwise check that the agent reaches the API server',
  ),
  'groups-not-ready': entry(
    'cloud',
    true,
    'the interface with the pod’s security groups is not ready',
    'look at the events of the pod and at the conditions of the NodeNetwork of its node',
  ),
  'groups-mismatch': entry(
    'system',
    true,
    'the record serves the pod with other security groups than it asks for',
    'usually passes by itself when the controller has seen the change; otherwise restart the pod',
  ),
  'rules-not-ready': entry(
    'cloud',
    true,
    'the rules of a security group of the pod are not known on the node',
    'look at the SecurityGroup records and at the log of the branchline-controller',
  ),
  'addresses-exhausted': entry(
    'cloud',
    true,
    'no address is free on the interface that serves the pod',
    'look at the conditions of the NodeNetwork of the node; add a subnet or a larger instance type if they say so',
  ),
  'link-missing': entry(
    'system',
    true,
    'an interface of the record is not on this machine yet',
    'wait for the attachment; if it stays, look at `ip link` on the node',
  ),
  'wiring-failed': entry(
    'system',
    true,
    'the kernel refused a step of the pod’s wiring',
    'see the named operation and errno',
  ),
  'self-test-failed': entry(
    'system',
    true,
    'the node could not reach a sandbox that the agent wired for a test',
    'look for rules of the node or of other programs that drop its own traffic; see the named step',
  ),
  'attachment-missing': entry(
    'system',
    false,
    'nothing is wired for the sandbox',
    'delete the pod, so that its successor is wired',
  ),
  'journal-invalid': entry(
    'system',
    false,
    'the agent’s journal cannot be read',
    'the torn end of a journal is dropped by itself; anything else needs a look at the named line',
  ),
  'kernel-refused': entry('system', true, 'the kernel refused an operation', 'see the named operation and errno'),
  // The cluster.
  'kube-config-invalid': entry(
    'user',
    false,
    'it is not clear how to reach the API server',
    'check the kubeconfig; in a pod, that a service account token is mounted',
  ),
  'kube-unreachable': entry('system', true, 'the API server does not answer', 'check the network and the API server'),
  'kube-refused': entry('system', false, 'the API server refused a request', 'check the RBAC rules of the manifest'),
  'kube-conflict': entry('system', true, 'the object changed meanwhile', 'it is tried again by itself'),
  'kube-expired': entry('system', true, 'a watch fell behind', 'it is listed again by itself'),
  'kube-not-found': entry('system', false, 'the object does not exist', 'check the name and the namespace'),
  'provider-id-invalid': entry(
    'user',
    false,
    'the Node’s spec.providerID does not name an EC2 instance',
    'it must read aws:///ZONE/i-…; the cloud controller or the kubelet’s --provider-id sets it',
  ),
  // The cloud.
  'ec2-unreachable': entry('cloud', true, 'EC2 does not answer', 'check the endpoint, the network and the credentials'),
  'ec2-failed': entry(
    'cloud',
    true,
    'EC2 failed at a call through no fault of the caller',
    'it is tried again by itself',
  ),
  'ec2-throttled': entry('cloud', true, 'EC2 throttles the account', 'it is tried again by itself'),
  'ec2-credentials-refused': entry(
    'user',
    true,
    'EC2 does not accept the controller’s credentials',
    'check the Secret kube-system/branchline-controller-env, or the role of the controller’s service account',
  ),
  'ec2-unauthorized': entry(
    'user',
    true,
    'the controller’s credentials do not permit a call',
    'grant the named action to the controller’s user or role',
  ),
  'ec2-not-found': entry(
    'cloud',
    true,
    'EC2 does not know an object',
    'new objects can take minutes to show; otherwise it is gone',
  ),
  'ec2-busy': entry(
    'cloud',
    true,
    'an object in EC2 is in use or not in the state that a call needs',
    'it is tried again by itself',
  ),
  'subnet-full': entry(
    'cloud',
    true,
    'a subnet has too few free addresses, or no free prefix',
    'add a subnet in the zone of the node, or add an address range to the VPC',
  ),
  'ec2-limit-reached': entry(
    'user',
    false,
    'a limit of the account or of the instance type is reached',
    'see EC2’s own message; a quota can be raised, a type’s limit needs a larger instance type',
  ),
  'ec2-token-mismatch': entry(
    'system',
    false,
    'a client token was used before with other parameters',
    'report it: a token must follow from everything that it stands for',
  ),
  'ec2-refused': entry('cloud', false, 'EC2 refused a call', 'see EC2’s own code and message'),
  'ec2-answer-invalid': entry('cloud', true, 'an answer of EC2 lacks what it must have', 'see the named field'),
  'prefix-list-unreadable': entry(
    'cloud',
    true,
    'a managed prefix list that a rule names cannot be read',
    'on the nodes the rule goes by what was last read of it, or matches nothing; check that the list exists and that the controller may ec2:DescribeManagedPrefixLists and ec2:GetManagedPrefixListEntries',
  ),
  'instance-unknown': entry(
    'cloud',
    true,
    'EC2 does not know the instance of the node',
    'check the account and the region of the controller’s credentials',
  ),
  'instance-type-unknown': entry(
    'user',
    false,
    'it is not known how many interfaces and addresses the instance type takes',
    'EC2 does not know the type either: check the region of the controller’s credentials',
  ),
  'interface-slots-exhausted': entry(
    'user',
    false,
    'the instance takes no further network interface',
    'use fewer different sets of groups on this node, or a larger instance type',
  ),
  // The lab.
  'lab-needs-root': entry(
    'user',
    false,
    'the lab makes network namespaces and runs containers',
    'start the command as root',
  ),
  'lab-running': entry(
    'user',
    true,
    'a lab of this name runs already',
    'end it with `npm run lab -- stop`, or with Ctrl-C where it was started',
  ),
  'lab-not-running': entry(
    'user',
    true,
    'no lab of this name runs on this machine',
    'start one with `npm run lab` and ask in another shell',
  ),
  'lab-not-ready': entry(
    'user',
    true,
    'the lab has not started yet',
    'ask again when `npm run lab -- status` shows nodes',
  ),
  'lab-node-unknown': entry(
    'user',
    false,
    'the lab has no such node',
    '`npm run lab -- status` shows those that it has',
  ),
  'lab-part-unknown': entry(
    'user',
    false,
    'the lab has no such part',
    '`npm run lab -- status` shows those that it has',
  ),
  'lab-part-state': entry(
    'user',
    true,
    'the part is not in a state in which this can be done to it',
    'a running part can be killed or paused, a paused one resumed, a dead one started',
  ),
  'lab-image': entry(
    'user',
    false,
    'the images of the lab could not be changed',
    '`npm run lab -- images` shows what there is, docs/lab-images.md how more is added',
  ),
  'lab-request-invalid': entry(
    'system',
    false,
    'the running lab does not understand the request',
    'ask from the clone that it was started from, or start it anew',
  ),
  'lab-cluster-unfit': entry(
    'user',
    true,
    'the given cluster lacks something that the check needs',
    'see “A cluster of your own” in docs/lab.md',
  ),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
