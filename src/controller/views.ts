/** What the controller keeps of each object: projections that run before anything is cached, since it sees every pod. */
import { type Labels, noLabels } from '../core/groups/label-selector.ts';
import { POD_CONDITION, POD_ENI_ANNOTATION, SECURITY_GROUPS_ANNOTATION } from '../core/names.ts';
import type { ObjectMeta } from '../core/records/node-network.ts';
import type { SettingValues } from '../core/settings/settings.ts';
import { type ConfigMap, isPodFinished, type Node, type Pod, type ServiceAccount } from '../kube/objects.ts';

export interface NodeView {
  readonly name: string;
  readonly uid: string;
  /** undefined until the cloud controller or the kubelet has set it. */
  readonly providerId: string | undefined;
}

export interface PodView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly node: string;
  readonly serviceAccount: string;
  /** Only what the matcher reads. */
  readonly annotations: Readonly<Record<string, string>>;
  /** All of them: policies may name others tomorrow. Seven a pod are 2 MB for 10,000. */
  readonly labels: Labels;
  readonly hostNetwork: boolean;
  readonly finished: boolean;
  /** While a sandbox of the pod has it. */
  readonly address: string | undefined;
  /** What `vpc.amazonaws.com/pod-eni` says, cut where nothing that EKS's controller writes goes on. */
  readonly podEni?: string;
  /** Ours, and where it stands among the others. */
  readonly condition?: { readonly index: number; readonly status: string; readonly reason: string };
}

export interface ServiceAccountView {
  readonly name: string;
  readonly namespace: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Labels;
}

export const viewNode = ({ metadata, spec }: Node): NodeView => ({
  name: metadata.name,
  uid: metadata.uid ?? '',
  providerId: spec?.providerID,
});

export const viewPod = (pod: Pod): PodView => ({
  name: pod.metadata.name,
  namespace: pod.metadata.namespace ?? '',
  uid: pod.metadata.uid ?? '',
  node: pod.spec?.nodeName ?? '',
  serviceAccount: pod.spec?.serviceAccountName ?? 'default',
  annotations: requestOnly(pod.metadata),
  labels: pod.metadata.labels ?? noLabels,
  hostNetwork: pod.spec?.hostNetwork ?? false,
  finished: isPodFinished(pod),
  address: hasSandbox(pod) ? pod.status?.podIP : undefined,
  ...podEni(pod.metadata),
  ...ownCondition(pod),
});

/** Some 250 bytes for each interface. */
const POD_ENI_LENGTH = 4096;

function podEni({ annotations }: ObjectMeta): Pick<PodView, 'podEni'> {
  const text = annotations?.[POD_ENI_ANNOTATION];
  return text === undefined ? {} : { podEni: text.slice(0, POD_ENI_LENGTH) };
}

function ownCondition({ status }: Pod): Pick<PodView, 'condition'> {
  const index = status?.conditions?.findIndex(({ type }) => type === POD_CONDITION) ?? -1;
  const found = status?.conditions?.[index];
  return found === undefined ? {} : { condition: { index, status: found.status, reason: found.reason ?? '' } };
}

/** The status keeps the address of a sandbox that has died; this condition tells. */
const hasSandbox = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'PodReadyToStartContainers' && value === 'False') !==
  true;

export const viewServiceAccount = ({ metadata }: ServiceAccount): ServiceAccountView => ({
  name: metadata.name,
  namespace: metadata.namespace ?? '',
  annotations: requestOnly(metadata),
  labels: metadata.labels ?? noLabels,
});

export const viewConfigMap = ({ data }: ConfigMap): SettingValues => data ?? {};

const requestOnly = ({ annotations }: ObjectMeta): Readonly<Record<string, string>> => {
  const value = annotations?.[SECURITY_GROUPS_ANNOTATION];
  return value === undefined ? {} : { [SECURITY_GROUPS_ANNOTATION]: value };
};
