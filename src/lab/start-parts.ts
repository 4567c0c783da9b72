/** Everything that a lab consists of, from packages to kubelets, each part as soon as what it needs is there. */
import { symlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

import type { EC2Client } from '@aws-sdk/client-ec2';

import { createEc2Client } from '../aws/client.ts';
import { ipv4 } from '../core/address/ipv4.ts';
import { openKernel } from '../linux/kernel.ts';
import { cacheDir } from './cluster/cache-dir.ts';
import { API_SERVER_PORT } from './cluster/control-plane/arguments.ts';
import { applyDns } from './cluster/dns/apply-dns.ts';
import { ensureKubernetes } from './cluster/ensure-kubernetes.ts';
import { buildImages } from './cluster/images/build-images.ts';
import { PAUSE_IMAGE } from './cluster/images/pause-image.ts';
import { kubernetesCommand } from './cluster/kubernetes-command.ts';
import type { ProxyMode } from './cluster/node/configs.ts';
import { ensurePackages } from './cluster/packages.ts';
import { type Relay, startRelay } from './cluster/relay.ts';
import { type Cluster, startCluster } from './cluster/start-cluster.ts';
import { sdkEnvironment } from './env-file.ts';
import { type LabFolders, labCgroup, nodeCgroup, portFor } from './folders.ts';
import { instanceNetns, lab } from './names.ts';
import { startCloud } from './start-cloud.ts';
import { announceCgroup } from './supervisor/registry.ts';
import type { Supervisor } from './supervisor/supervisor.ts';
import { type LabInstance, type LabVpc, makeVpc } from './vpc.ts';

export interface PartsOptions {
  readonly name: string;
  readonly root: string;
  readonly latency: 'fast' | 'ec2';
  /** Of each node, at least one. */
  readonly nodeTypes: readonly string[];
  readonly proxyMode: ProxyMode;
  readonly trunks?: boolean;
  readonly folders: LabFolders;
  readonly supervisor: Supervisor;
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
  /** Called with what must be closed in the end, as soon as it is open. */
  readonly onOpen: (close: () => Promise<void> | void) => void;
}

export interface Parts {
  readonly client: EC2Client;
  /** EC2’s, on this machine. */
  readonly endpoint: string;
  /** The API server’s, on this machine. */
  readonly server: string;
  readonly vpc: LabVpc;
  readonly cluster: Cluster;
}

export async function startParts(options: PartsOptions): Promise<Parts> {
  const { name, root, folders, supervisor, nodeTypes, step, say } = options;
  await ensurePackages({ say });
  const images = step('images built from files of this machine', () =>
    buildImages({
      root,
      cacheDir: join(cacheDir(process.env), 'images'),
      outDir: join(folders.stateDir, 'images'),
      say,
    }),
  );
  // Whoever awaits it sees the failure.
  images.catch(() => undefined);
  const kubernetes = await ensureKubernetes({ say, progress: options.progress, signal: supervisor.signal });
  supervisor.signal.throwIfAborted();
  const [kubectl = ''] = kubernetesCommand(kubernetes, 'kubectl');
  symlinkSync(kubectl, join(folders.binDir, 'kubectl'));

  const { endpoint, client, vpc } = await step(
    `a VPC with ${nodeTypes.length + 1} instances, by EC2’s API`,
    async () => {
      const listen = { address: lab.ec2Loopback.address, port: portFor(name, lab.ec2Loopback.port) };
      const flags = options.trunks === true ? ['--trunks'] : [];
      const endpoint = await startCloud({ ...options, listen, flags });
      const client = createEc2Client({ environment: sdkEnvironment(endpoint) });
      options.onOpen(() => client.destroy());
      return { endpoint, client, vpc: await makeVpc(client, { nodeTypes }) };
    },
  );

  supervisor.signal.throwIfAborted();

  const { cluster, server } = await step(
    `Kubernetes: a control plane and ${nodeTypes.length} ${nodeTypes.length === 1 ? 'node' : 'nodes'} in it`,
    async () => {
      const netnsOf = (instance: LabInstance): string => instanceNetns(name, instance.name);
      const relay = await relayTo(vpc.controlPlane, { name, netns: netnsOf(vpc.controlPlane) });
      options.onOpen(() => relay.close());
      announceCgroup(folders.runDir, labCgroup(name));
      const server = `https://${lab.apiServerLoopback.address}:${relay.port}`;
      const cluster = await startCluster({
        supervisor,
        kubernetes,
        stateDir: folders.stateDir,
        controlPlane: vpc.controlPlane,
        nodes: vpc.nodes,
        netnsOf,
        server,
        cgroupOf: (instance) => nodeCgroup(name, instance),
        proxyMode: options.proxyMode,
        sandboxImage: PAUSE_IMAGE,
        images,
      });
      await applyDns({ kubectl: join(folders.binDir, 'kubectl'), kubeconfig: cluster.kubeconfig, kubernetes, say });
      return { cluster, server };
    },
  );
  return { client, endpoint, server, vpc, cluster };
}

async function relayTo(
  instance: LabInstance,
  { name, netns }: { readonly name: string; readonly netns: string },
): Promise<Relay> {
  const kernel = openKernel();
  const namespace = kernel.openNetns(`/run/netns/${netns}`);
  const target = { address: ipv4(instance.address), port: API_SERVER_PORT };
  const relay = await startRelay({
    address: lab.apiServerLoopback.address,
    port: portFor(name, lab.apiServerLoopback.port),
    connect: () => new Socket({ fd: kernel.connectTcp(namespace, target), readable: true, writable: true }),
  });
  return {
    port: relay.port,
    async close() {
      await relay.close();
      // An open handle keeps a namespace alive.
      namespace.close();
    },
  };
}
