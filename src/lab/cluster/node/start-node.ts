/**
 * A lab node: an instance's network namespace, mount and UTS namespaces of its own, and in them containerd, kubelet and
 * kube-proxy. Nothing that runs on it needs to know that it is in a lab.
 */
import { join } from 'node:path';

import type { LabInstance } from '../../vpc.ts';
import { run } from '../../supervisor/run.ts';
import type { Part, Supervisor } from '../../supervisor/supervisor.ts';
import { waitFor } from '../../supervisor/wait-for.ts';
import type { CertificateAuthority } from '../certificates.ts';
import { type KubernetesProgram, kubernetesCommandAt, kubernetesFolder } from '../kubernetes-command.ts';
import { registryCommand } from '../registry/registry-command.ts';
import { type ProxyMode, nodePaths } from './configs.ts';
import { prepareNodeFolder } from './prepare-node-folder.ts';
import { makeNodeCgroup } from './node-cgroup.ts';

export interface NodeOptions {
  readonly supervisor: Supervisor;
  readonly kubernetes: string;
  readonly authority: CertificateAuthority;
  readonly stateDir: string;
  readonly instance: LabInstance;
  readonly netns: string;
  /** Of the API server, as nodes reach it. */
  readonly server: string;
  readonly cgroupRoot: string;
  readonly proxyMode: ProxyMode;
  readonly sandboxImage: string;
}

export interface LabNode {
  readonly instance: LabInstance;
  /** Prefix of a command that is to run on the node. */
  readonly enter: readonly string[];
  /** Starts the kubelet and kube-proxy: the node registers itself. */
  join(): void;
}

/** @returns once the node's containerd serves. */
export async function startNode(options: NodeOptions): Promise<LabNode> {
  const { supervisor, instance, netns } = options;
  const folder = join(options.stateDir, 'nodes', instance.name);
  const part = (name: string): string => `${name}@${instance.name}`;
  makeNodeCgroup(options.cgroupRoot);
  await prepareNodeFolder({ ...options, folder });
  const makeNamespaces = ['nsenter', `--net=/run/netns/${netns}`, 'unshare', '--mount', '--uts'];
  const script = join(import.meta.dirname, 'enter-node.sh');
  const become = ['/bin/sh', script, folder, instance.name, kubernetesFolder(options.kubernetes)];
  const holder = supervisor.start({
    name: part('node'),
    argv: [...makeNamespaces, ...become],
    announces: true,
    hidden: true,
  });
  await holder.firstLine;
  const enter = enterNode(holder);
  const whenServing = (signal: AbortSignal): Promise<void> =>
    containerdServes({ enter, name: part('containerd'), signal });
  const containerd = supervisor.start({
    name: part('containerd'),
    argv: [...enter, 'containerd', '--config', nodePaths.containerdConfig],
    whenServing,
  });
  supervisor.start({ name: part('registry'), argv: registryCommand({ netns, kubernetes: options.kubernetes }) });
  await whenServing(containerd.signal);
  return {
    instance,
    enter,
    join() {
      for (const [program, args] of programs(instance)) {
        const command = kubernetesCommandAt(options.kubernetes, nodePaths.kubernetes, program);
        supervisor.start({ name: part(program), argv: [...enter, ...command, ...args] });
      }
    },
  };
}

/** All namespaces of a node are those of the process that holds them. */
const enterNode = (holder: Part): readonly string[] => [
  'nsenter',
  `--target=${holder.pid}`,
  '--net',
  '--mount',
  '--uts',
];

async function containerdServes(options: {
  readonly enter: readonly string[];
  readonly name: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const [program, ...args] = [...options.enter, 'ctr', '--connect-timeout', '1s', 'version'];
  await waitFor({
    what: options.name,
    signal: options.signal,
    timeoutMs: 60_000,
    async ask() {
      const { code, stderr } = await run(program, args, { signal: options.signal });
      if (code !== 0) throw new Error(stderr.trim());
      return true;
    },
  });
}

const programs = (instance: LabInstance): readonly (readonly [KubernetesProgram, readonly string[]])[] => [
  [
    'kubelet',
    [
      `--config=${nodePaths.kubeletConfig}`,
      `--kubeconfig=${nodePaths.kubeletKubeconfig}`,
      `--hostname-override=${instance.name}`,
      `--node-ip=${instance.address}`,
      // Labels and further addresses are then the cloud controller's.
      '--cloud-provider=external',
    ],
  ],
  ['kube-proxy', [`--config=${nodePaths.proxyConfig}`]],
];
