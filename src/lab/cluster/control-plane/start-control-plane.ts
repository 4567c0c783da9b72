/** The control plane: etcd, API server, controller manager and scheduler in the namespace of an instance of its own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { lab } from '../../names.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import { type CertificateAuthority, createServiceAccountKey } from '../certificates.ts';
import { writeKubeconfig } from '../kubeconfig.ts';
import { kubernetesCommand } from '../kubernetes-command.ts';
import {
  API_SERVER_PORT,
  type ControlPlaneConfig,
  type ProgramArguments,
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  schedulerArguments,
} from './arguments.ts';

export interface ControlPlaneOptions {
  readonly supervisor: Supervisor;
  readonly kubernetes: string;
  readonly authority: CertificateAuthority;
  readonly stateDir: string;
  readonly netns: string;
  readonly address: string;
}

export interface ControlPlane {
  /** Starts what needs an API server that is ready, and would fill its log with refusals before. */
  startControllers(): void;
}

/** etcd and the API server start at once: the one waits for the other by trying again. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { supervisor, kubernetes, netns } = options;
  const start = ({ program, args }: ProgramArguments): void => {
    const argv = ['nsenter', `--net=/run/netns/${netns}`, ...kubernetesCommand(kubernetes, program), ...args];
    supervisor.start({ name: partName(program), argv });
  };
  const config = await prepare(options);
  start(etcdArguments(config));
  start(apiServerArguments(config));
  return {
    startControllers() {
      start(controllerManagerArguments(config));
      start(schedulerArguments(config));
    },
  };
}

/** As people say it: `apiserver`, `etcd`. */
const partName = (program: string): string => program.replace('kube-', '');

async function prepare({ authority, stateDir, address }: ControlPlaneOptions): Promise<ControlPlaneConfig> {
  const folder = join(stateDir, 'control-plane');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [serving, kubeletClient, manager, scheduler, serviceAccountKey] = await Promise.all([
    authority.issue('kube-apiserver', { user: 'kube-apiserver', names: servingNames(address) }),
    authority.issue('kubelet-client', { user: 'kube-apiserver-kubelet-client', groups: ['system:masters'] }),
    authority.issue('kube-controller-manager', { user: 'system:kube-controller-manager' }),
    authority.issue('kube-scheduler', { user: 'system:kube-scheduler' }),
    createServiceAccountKey(folder),
  ]);
  const local = { server: `https://127.0.0.1:${API_SERVER_PORT}`, ca: authority.cert };
  return {
    address,
    stateDir: folder,
    ca: authority.cert,
    serving,
    kubeletClient,
    serviceAccountKey,
    managerKubeconfig: writeKubeconfig(join(folder, 'controller-manager.conf'), { ...local, user: manager }),
    schedulerKubeconfig: writeKubeconfig(join(folder, 'scheduler.conf'), { ...local, user: scheduler }),
  };
}

const servingNames = (address: string): readonly string[] => [
  ...[
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'localhost',
  ].map((name) => `DNS:${name}`),
  ...[address, firstServiceAddress(lab.serviceCidr), '127.0.0.1', lab.apiServerLoopback.address].map(
    (ip) => `IP:${ip}`,
  ),
];

/** Of the Service `kubernetes`: the range's base + 1. */
const firstServiceAddress = (cidr: string): string => cidr.replace(/\.0\/\d+$/, '.1');
