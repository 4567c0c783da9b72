/**
 * The few fields of Kubernetes' own objects that our rooms read. Anything here may be absent on the wire unless the
 * API server refuses objects without it.
 */
import type { KubeObject } from './port.ts';

type Port = number | string;

export interface ProbeHandler {
  readonly httpGet?: { readonly port: Port; readonly host?: string };
  readonly tcpSocket?: { readonly port: Port; readonly host?: string };
  readonly grpc?: { readonly port: number };
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly hostPort?: number;
    readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  }[];
  readonly livenessProbe?: ProbeHandler;
  readonly readinessProbe?: ProbeHandler;
  readonly startupProbe?: ProbeHandler;
  readonly lifecycle?: { readonly postStart?: ProbeHandler; readonly preStop?: ProbeHandler };
  /** On an init container, `Always` makes it a sidecar, which is probed as well. */
  readonly restartPolicy?: 'Always';
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

export interface ObjectCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface Pod extends KubeObject {
  readonly spec?: {
    /** Absent until the pod is bound. */
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly serviceAccountName?: string;
    readonly terminationGracePeriodSeconds?: number;
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: PodPhase;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly hostIP?: string;
    readonly conditions?: readonly ObjectCondition[];
  };
}

/** Neither holds an address any more, though the object may stay for long. */
export const isPodFinished = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

export interface Node extends KubeObject {
  readonly spec?: { readonly providerID?: string; readonly unschedulable?: boolean };
  readonly status?: {
    /** Quantities, as text. */
    readonly capacity?: Readonly<Record<string, string>>;
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly addresses?: readonly {
      readonly type: 'InternalIP' | 'ExternalIP' | 'Hostname' | 'InternalDNS' | 'ExternalDNS';
      readonly address: string;
    }[];
    readonly conditions?: readonly ObjectCondition[];
  };
}

export type ServiceAccount = KubeObject;

/** Its definition may be another's, and laxer than upstream's: nothing is taken for granted. */
export interface SecurityGroupPolicy extends KubeObject {
  readonly spec?: unknown;
}

/** Named after its Node. */
export interface CniNode extends KubeObject {
  readonly spec?: { readonly features?: readonly { readonly name: string; readonly value?: string }[] };
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface InvolvedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
}

export type EventType = 'Normal' | 'Warning';

/** Of the core group; events.k8s.io shows the same objects with other names for the fields. */
export interface Event extends KubeObject {
  readonly involvedObject: InvolvedObject;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly source?: { readonly component?: string; readonly host?: string };
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
}
