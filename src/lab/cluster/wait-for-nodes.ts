/** When the cluster has its nodes, and when they may run pods. */
import type { Kube, KubeObject } from '../../kube/port.ts';
import type { ObjectCondition } from '../../kube/objects.ts';
import { resources } from '../../kube/resources.ts';
import { waitFor } from '../supervisor/wait-for.ts';

export interface NodesOptions {
  readonly kube: Kube;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  /** Of machines that start again: their boot id before. A node that still shows it has not reported since. */
  readonly bootIdBefore?: string;
}

export interface Node extends KubeObject {
  readonly spec?: {
    readonly providerID?: string;
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string; readonly effect: string; readonly value?: string }[];
  };
  readonly status?: {
    readonly nodeInfo?: { readonly bootID: string };
    readonly conditions?: readonly ObjectCondition[];
  };
}

/** What a kubelet registers with, and the cloud controller takes away. */
export const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';

export const isInitialized = ({ spec }: Node): boolean =>
  spec?.taints?.some(({ key }) => key === UNINITIALIZED) !== true;

/** Known to the API server, with all that the cloud says of them. */
export const waitForNodesRegistered = (options: NodesOptions): Promise<void> =>
  waitForEach(options, {
    state: 'registered',
    timeoutMs: 60_000,
    missing: (node) => (isInitialized(node) ? undefined : 'the cloud controller has not told of it yet'),
  });

export const isReady = (node: Node): boolean =>
  node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

/** A node is Ready once a CNI has put its configuration in place. */
export const waitForNodesReady = (options: NodesOptions): Promise<void> =>
  waitForEach(options, {
    state: 'Ready',
    timeoutMs: 180_000,
    missing(node) {
      if (isReady(node)) return undefined;
      const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.message ?? 'the kubelet has not reported yet';
    },
  });

interface Wanted {
  readonly state: string;
  readonly timeoutMs: number;
  /** What the node lacks; undefined: nothing. */
  readonly missing: (node: Node) => string | undefined;
}

async function waitForEach(
  { kube, names, signal, bootIdBefore }: NodesOptions,
  { state, timeoutMs, missing }: Wanted,
): Promise<void> {
  await waitFor({
    what: `${names.length} ${state} nodes`,
    signal,
    timeoutMs,
    everyMs: 100,
    async ask(): Promise<true> {
      const { items } = await kube.list<Node>(resources.nodes);
      for (const name of names) {
        const node = items.find((item) => item.metadata.name === name);
        const isOld = bootIdBefore !== undefined && node?.status?.nodeInfo?.bootID === bootIdBefore;
        const lack =
          node === undefined ? 'it is not registered' : isOld ? 'it has not reported since its start' : missing(node);
        if (lack !== undefined) throw new Error(`${name}: ${lack}`);
      }
      return true;
    },
  });
}
