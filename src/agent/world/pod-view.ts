/** What the agent keeps of a pod, a service account and a ConfigMap: projections that run before anything is cached. */
import { type Labels, noLabels } from '../../core/groups/label-selector.ts';
import { SECURITY_GROUPS_ANNOTATION } from '../../core/names.ts';
import type { ObjectMeta } from '../../core/records/node-network.ts';
import type { KubeObject } from '../../kube/port.ts';
import type { ProbePort } from '../journal/journal.ts';

export interface PodView {
  readonly metadata: ObjectMeta;
  readonly uid: string;
  /** The kubelet names a static pod by this in place of the UID of its mirror in the API. */
  readonly staticUid: string | undefined;
  /** Only what the matcher reads. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Labels;
  readonly hostNetwork: boolean;
  readonly serviceAccount: string;
  readonly probePorts: readonly ProbePort[];
  /** It is being deleted; absent: it is not. */
  readonly isLeaving?: boolean;
}

export interface ServiceAccountView {
  readonly metadata: ObjectMeta;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absent: there is no such service account. */
  readonly labels?: Labels;
}

type Port = number | string | undefined;
interface Handler {
  readonly httpGet?: { readonly port?: Port };
  readonly tcpSocket?: { readonly port?: Port };
  readonly grpc?: { readonly port?: Port };
}
interface Container {
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
  readonly livenessProbe?: Handler;
  readonly readinessProbe?: Handler;
  readonly startupProbe?: Handler;
  readonly lifecycle?: { readonly postStart?: Handler; readonly preStop?: Handler };
}
export interface PodObject extends KubeObject {
  readonly spec?: {
    readonly hostNetwork?: boolean;
    readonly serviceAccountName?: string;
    readonly containers?: readonly Container[];
    /** With restartPolicy Always they are probed as well. */
    readonly initContainers?: readonly Container[];
  };
}

export function viewPod({ metadata, spec }: PodObject): PodView {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const ports = new Set(containers.flatMap(probedPorts));
  return {
    metadata: slim(metadata),
    uid: metadata.uid ?? '',
    staticUid: metadata.annotations?.['kubernetes.io/config.mirror'],
    annotations: requestOnly(metadata),
    labels: metadata.labels ?? noLabels,
    hostNetwork: spec?.hostNetwork ?? false,
    serviceAccount: spec?.serviceAccountName ?? 'default',
    // HTTP, gRPC and TCP probes all are TCP.
    probePorts: [...ports].sort((a, b) => a - b).map((port) => ({ protocol: 6, port })),
    ...(metadata.deletionTimestamp === undefined ? {} : { isLeaving: true }),
  };
}

export const viewServiceAccount = ({ metadata }: KubeObject): ServiceAccountView => ({
  metadata: slim(metadata),
  annotations: requestOnly(metadata),
  labels: metadata.labels ?? noLabels,
});

function probedPorts(container: Container): readonly number[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
  return handlers
    .flatMap((handler) => [handler?.httpGet?.port, handler?.tcpSocket?.port, handler?.grpc?.port])
    .map((port) => (typeof port === 'string' ? named(container, port) : port))
    .filter((port) => port !== undefined);
}

/** A port by name is one of the same container; a number may come as text. */
const named = ({ ports = [] }: Container, name: string): number | undefined =>
  /^\d{1,5}$/.test(name) ? Number(name) : ports.find((port) => port.name === name)?.containerPort;

const requestOnly = ({ annotations }: ObjectMeta): Readonly<Record<string, string>> => {
  const value = annotations?.[SECURITY_GROUPS_ANNOTATION];
  return value === undefined ? {} : { [SECURITY_GROUPS_ANNOTATION]: value };
};

const slim = ({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  ...(uid === undefined ? {} : { uid }),
  ...(resourceVersion === undefined ? {} : { resourceVersion }),
});
