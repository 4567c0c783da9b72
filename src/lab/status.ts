/** What `lab status` shows of a running lab. */
import type { Kube } from '../kube/port.ts';
import { resources } from '../kube/resources.ts';
import { type Node, isReady } from './cluster/wait-for-nodes.ts';
import { envFilePath } from './env-file.ts';
import type { LabFolders } from './folders.ts';
import type { Started } from './lab.ts';
import { instanceNetns } from './names.ts';
import type { PartStatus, Supervisor } from './supervisor/supervisor.ts';
import type { LabInstance } from './vpc.ts';

export interface LabStatus {
  readonly name: string;
  /** Of the process that runs it. */
  readonly pid: number;
  /** The clone that it was started from. */
  readonly root: string;
  /** Ms since 1970. */
  readonly startedMs: number;
  /** False while it starts: nodes and endpoints are still to come. */
  readonly ready: boolean;
  readonly endpoints?: { readonly ec2: string; readonly apiServer?: string };
  readonly files: {
    readonly kubeconfig: string;
    readonly logs: string;
    readonly environment: string;
    readonly control: string;
  };
  readonly parts: readonly PartStatus[];
  /** Also the control plane's instance, which is no node of the cluster. */
  readonly instances: readonly InstanceStatus[];
}

export interface InstanceStatus extends LabInstance {
  readonly netns: string;
  /** Prefix of a command that is to run on it. */
  readonly enter: readonly string[];
  /** As `kubectl get nodes` would say it; `unknown`: the API server does not answer. */
  readonly node: 'Ready' | 'NotReady' | 'absent' | 'unknown' | 'control plane' | 'no cluster';
  readonly cordoned: boolean;
}

export function createStatus(options: {
  /** The lab's. */
  readonly name: string;
  readonly root: string;
  readonly folders: LabFolders;
  readonly supervisor: Pick<Supervisor, 'parts'>;
  /** What there is now; undefined while it starts. */
  readonly now: () => Promise<Required<Pick<LabStatus, 'endpoints' | 'instances'>> | undefined>;
}): () => Promise<LabStatus> {
  const { name, root, folders, supervisor } = options;
  const startedMs = Date.now();
  return async () => {
    const now = await options.now();
    return {
      name,
      pid: process.pid,
      root,
      startedMs,
      ready: now !== undefined,
      files: {
        kubeconfig: folders.kubeconfig,
        logs: folders.logDir,
        environment: envFilePath(root),
        control: folders.control,
      },
      parts: supervisor.parts(),
      instances: [],
      ...now,
    };
  };
}

/** Of a lab with a cluster. */
export const clusterNow = async (name: string, started: Started) => ({
  endpoints: { ec2: started.parts.endpoint, apiServer: started.parts.server },
  instances: await instances(name, started),
});

async function instances(labName: string, { nodes, parts, kube }: Started): Promise<readonly InstanceStatus[]> {
  const stateOf = await nodeStates(kube);
  const netnsOf = (instance: LabInstance): string => instanceNetns(labName, instance.name);
  const { controlPlane } = parts.vpc;
  const netns = netnsOf(controlPlane);
  return [
    { ...controlPlane, netns, enter: ['nsenter', `--net=/run/netns/${netns}`], node: 'control plane', cordoned: false },
    ...nodes.all().map((node) => ({
      ...node,
      netns: netnsOf(node),
      enter: nodes.enter(node),
      ...stateOf(node.name),
    })),
  ];
}

type NodeState = Pick<InstanceStatus, 'node' | 'cordoned'>;

/** An API server that is paused answers nothing, for ever. */
const PATIENCE_MS = 2000;

/** @returns the state of a node by its name. */
async function nodeStates(kube: Kube): Promise<(name: string) => NodeState> {
  const nodes = await Promise.race([
    kube.list<Node>(resources.nodes).catch(() => undefined),
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE_MS).unref()),
  ]);
  if (nodes === undefined) return () => ({ node: 'unknown', cordoned: false });
  return (name) => {
    const node = nodes.items.find(({ metadata }) => metadata.name === name);
    if (node === undefined) return { node: 'absent', cordoned: false };
    return { node: isReady(node) ? 'Ready' : 'NotReady', cordoned: node.spec?.unschedulable === true };
  };
}
