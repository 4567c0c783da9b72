/** Pods as the tests ask for them, and what becomes of them. */
import { SECURITY_GROUPS_ANNOTATION } from '../../src/core/names.ts';
import type { Event, Pod } from '../../src/kube/objects.ts';
import type { KubeObject } from '../../src/kube/port.ts';
import { resources } from '../../src/kube/resources.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import type { FaultLab } from './fault-lab.ts';

export interface PodRequest {
  readonly name: string;
  readonly node: LabInstance;
  /** What its annotation says; default: it has none. */
  readonly groups?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  readonly hostNetwork?: boolean;
  /** Default: it runs until it is deleted. */
  readonly command?: readonly string[];
}

const NAMESPACE = 'default';
/** The first process of a container is ended by no signal that it does not ask for. */
const untilTerminated = ['sh', '-c', 'trap exit TERM; sleep 100000 & wait'];

export function podManifest(request: PodRequest): KubeObject {
  const { name, node, groups, labels = {}, serviceAccount, hostNetwork, command } = request;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels,
      ...(groups === undefined ? {} : { annotations: { [SECURITY_GROUPS_ANNOTATION]: groups } }),
    },
    spec: {
      // Bound by us: the scheduler has no say in what is tested here.
      nodeName: node.name,
      terminationGracePeriodSeconds: 5,
      restartPolicy: command === undefined ? 'Always' : 'Never',
      ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
      ...(hostNetwork === undefined ? {} : { hostNetwork }),
      containers: [{ name: 'main', image: 'busybox:1.35', command: command ?? untilTerminated }],
    },
  };
  return pod;
}

export const start = async ({ kube }: FaultLab, ...requests: readonly PodRequest[]): Promise<void> => {
  await Promise.all(requests.map((request) => kube.create(resources.pods, podManifest(request))));
};

export const get = ({ kube }: FaultLab, name: string): Promise<Pod | undefined> =>
  kube.get<Pod>(resources.pods, { name, namespace: NAMESPACE });

/** Names of those that a test has put there. */
export async function podsOn({ kube }: FaultLab, node: string): Promise<readonly string[]> {
  const fieldSelector = `spec.nodeName=${node}`;
  const { items } = await kube.list<Pod>(resources.pods, { namespace: NAMESPACE, fieldSelector });
  return items.map(({ metadata }) => metadata.name);
}

/** @returns its address, once it runs. */
export const running = (lab: FaultLab, name: string): Promise<string> =>
  lab.until(`the pod ${name}, running`, async () => {
    const status = (await get(lab, name))?.status;
    return status?.phase === 'Running' ? status.podIP : undefined;
  });

export const allRunning = (lab: FaultLab, ...names: readonly string[]): Promise<readonly string[]> =>
  Promise.all(names.map((name) => running(lab, name)));

/** Deletes them and waits until the API server has forgotten them, which the kubelet says when they are gone. */
export async function remove(lab: FaultLab, ...names: readonly string[]): Promise<void> {
  for (const name of names) await lab.kube.delete(resources.pods, { name, namespace: NAMESPACE });
  for (const name of names) {
    await lab.until(`the end of the pod ${name}`, async () =>
      (await get(lab, name)) === undefined ? true : undefined,
    );
  }
}

/** Reason and message of the first such event about an object. */
export const told = (lab: FaultLab, name: string, reason: string): Promise<string> =>
  lab.until(`the event ${reason} about ${name}`, async () => {
    const { items } = await lab.kube.list<Event>(resources.events, {
      fieldSelector: `involvedObject.name=${name},reason=${reason}`,
    });
    return items[0]?.message;
  });
