/**
 * `SecurityGroupPolicy` (vpcresources.k8s.aws/v1beta1, upstream's): which groups an administrator gives to the pods of a
 * namespace. Here is what we keep of one, and whom it means. Upstream passes over a policy that it cannot read; a pod
 * that such a policy may mean gets nothing here, since the node's groups are what nobody has asked for.
 */
import { isGroupId } from './group-id.ts';
import { type Labels, type LabelSelector, readSelector, select, type Selected } from './label-selector.ts';

export interface GroupPolicy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  /** Absent: it says nothing of pods. With neither selector a policy means nobody. */
  readonly podSelector?: LabelSelector;
  /** Of labels of service accounts. Where both are given, both must hold. */
  readonly serviceAccountSelector?: LabelSelector;
  /** Each once, in the order written. */
  readonly groupIds: readonly string[];
  /** Why {@link groupIds} cannot be given to anybody. */
  readonly defect?: string;
}

export interface RawPolicy {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
}

/** Never throws: a policy that vanished because it cannot be read would open what it closes. */
export function readPolicy({ metadata: { name, namespace = '' }, spec = {} }: RawPolicy): GroupPolicy {
  const fields = (typeof spec === 'object' && spec !== null ? spec : { podSelector: spec }) as {
    readonly podSelector?: unknown;
    readonly serviceAccountSelector?: unknown;
    readonly securityGroups?: { readonly groupIds?: unknown } | null;
  };
  const podSelector = readSelector(fields.podSelector, 'podSelector');
  const serviceAccountSelector = readSelector(fields.serviceAccountSelector, 'serviceAccountSelector');
  const given = fields.securityGroups?.groupIds ?? [];
  const groupIds = Array.isArray(given) ? [...new Set(given.map(String))] : [];
  const foreign = groupIds.find((id) => !isGroupId(id));
  const defect =
    groupIds.length === 0
      ? 'securityGroups.groupIds names no group'
      : foreign === undefined
        ? undefined
        : `securityGroups.groupIds: "${foreign}" is no id of a security group`;
  return {
    metadata: { name, namespace },
    ...(podSelector === undefined ? {} : { podSelector }),
    ...(serviceAccountSelector === undefined ? {} : { serviceAccountSelector }),
    groupIds,
    ...(defect === undefined ? {} : { defect }),
  };
}

export interface PolicySubject {
  readonly namespace: string;
  readonly labels: Labels;
  /** undefined: the service account does not exist, or was not seen yet. */
  readonly serviceAccountLabels: Labels | undefined;
}

/** `unseen`: it hangs on the labels of the service account, which are not known. */
export type Meant = Selected | { readonly kind: 'unseen' };

export function means(policy: GroupPolicy, subject: PolicySubject): Meant {
  const { podSelector, serviceAccountSelector } = policy;
  if (policy.metadata.namespace !== subject.namespace) return { kind: 'no' };
  if (podSelector === undefined && serviceAccountSelector === undefined) return { kind: 'no' };
  const pod: Selected = podSelector === undefined ? { kind: 'yes' } : select(podSelector, subject.labels);
  if (pod.kind === 'no' || serviceAccountSelector === undefined) return pod;
  if (subject.serviceAccountLabels === undefined) return { kind: 'unseen' };
  const account = select(serviceAccountSelector, subject.serviceAccountLabels);
  return account.kind === 'yes' ? pod : account;
}

/** What is wrong with it for whoever has written it, whichever pods there are. */
export function defectsOf({ podSelector = [], serviceAccountSelector = [], defect }: GroupPolicy): readonly string[] {
  const unreadable = [...podSelector, ...serviceAccountSelector].flatMap((requirement) =>
    requirement.kind === 'unreadable' ? [requirement.why] : [],
  );
  return [...unreadable, ...(defect === undefined ? [] : [defect])];
}
