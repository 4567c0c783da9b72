/**
 * Kubernetes on the lab's instances: a control plane on one of them, a node on each of the others. As much at once as
 * can be: containerd and the images on the nodes while the API server starts.
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';

import type { Supervisor } from '../supervisor/supervisor.ts';
import { waitFor } from '../supervisor/wait-for.ts';
import type { LabInstance } from '../vpc.ts';
import { type KeyPair, createCertificateAuthority } from './certificates.ts';
import { API_SERVER_PORT } from './control-plane/arguments.ts';
import { startControlPlane } from './control-plane/start-control-plane.ts';
import { importImage } from './import-image.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { ProxyMode } from './node/configs.ts';
import { type LabNode, startNode } from './node/start-node.ts';

export interface ClusterOptions {
  readonly supervisor: Supervisor;
  /** What `ensureKubernetes` found. */
  readonly kubernetes: string;
  readonly stateDir: string;
  readonly controlPlane: LabInstance;
  readonly nodes: readonly LabInstance[];
  readonly netnsOf: (instance: LabInstance) => string;
  /** `https://…` by which the machine itself reaches the API server. */
  readonly server: string;
  /** Of the node's containers, below the root of every hierarchy. */
  readonly cgroupOf: (instance: LabInstance) => string;
  readonly proxyMode: ProxyMode;
  readonly sandboxImage: string;
  readonly images: Promise<readonly { readonly name: string; readonly tar: string }[]>;
}

export interface Cluster {
  /** Path of the administrator's. */
  readonly kubeconfig: string;
  readonly nodes: readonly LabNode[];
  /** Of a new instance: @returns once its kubelet has been started. */
  addNode(instance: LabInstance): Promise<LabNode>;
  /** As {@link addNode}, of one that was switched off: it has its disk with the images. */
  restartNode(instance: LabInstance): Promise<LabNode>;
}

/** @returns once the API server is ready, the images are on the nodes, and the kubelets have been started. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { supervisor, controlPlane, netnsOf, stateDir, server } = options;
  const { signal } = supervisor;
  const authority = await createCertificateAuthority(join(stateDir, 'pki'));
  const admin = await authority.issue('admin', { user: 'kubernetes-admin', groups: ['system:masters'] });
  const kubeconfig = writeKubeconfig(join(stateDir, 'kubeconfig'), { server, ca: authority.cert, user: admin });
  const serves = (async () => {
    const where = { netns: netnsOf(controlPlane), address: controlPlane.address };
    const plane = await startControlPlane({ ...options, authority, ...where });
    await apiServerIsReady({ server, ca: authority.cert, user: admin, signal });
    plane.startControllers();
  })();
  const boot = async (instance: LabInstance, prepare: (node: LabNode) => Promise<unknown>): Promise<LabNode> => {
    const node = await startNode({
      ...options,
      authority,
      instance,
      netns: netnsOf(instance),
      server: `https://${controlPlane.address}:${API_SERVER_PORT}`,
      cgroupRoot: options.cgroupOf(instance),
    });
    await Promise.all([prepare(node), serves.then(() => node.join())]);
    return node;
  };
  const addNode = (instance: LabInstance): Promise<LabNode> =>
    boot(instance, async (node) => Promise.all((await options.images).map((image) => importImage(node, image))));
  const restartNode = (instance: LabInstance): Promise<LabNode> => boot(instance, () => Promise.resolve());
  const nodes = options.nodes.map(addNode);
  const tasks = [serves, ...nodes];
  try {
    // All at once, lest the failure of one be nobody's while another is awaited.
    const [, ...started] = await Promise.all([serves, ...nodes]);
    return { kubeconfig, nodes: started, addNode, restartNode };
  } catch (error) {
    supervisor.end(error);
    await Promise.allSettled(tasks);
    throw error;
  }
}

/** Ready is more than open: only then are the roles there by which the other programs may work. */
async function apiServerIsReady(options: {
  readonly server: string;
  readonly ca: string;
  readonly user: KeyPair;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { server, ca, user, signal } = options;
  const [caText, cert, key] = [ca, user.cert, user.key].map((path) => readFileSync(path));
  const ask = (): Promise<true> =>
    new Promise((resolve, reject) => {
      const request = get(`${server}/readyz`, { ca: caText, cert, key, agent: false, timeout: 5000, signal });
      request.on('error', reject);
      request.on('timeout', () => request.destroy(new Error('/readyz did not answer')));
      request.on('response', (response) => {
        response.resume();
        if (response.statusCode === 200) resolve(true);
        else reject(new Error(`/readyz answered ${response.statusCode}`));
      });
    });
  await waitFor({ what: 'the API server', ask, signal, timeoutMs: 90_000 });
}
