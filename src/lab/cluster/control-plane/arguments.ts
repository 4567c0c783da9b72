/** The command lines of the control plane. Pure. */
import { lab } from '../../names.ts';
import type { KeyPair } from '../certificates.ts';
import type { KubernetesProgram } from '../kubernetes-command.ts';

export interface ControlPlaneConfig {
  /** Of the control plane's instance: where nodes and pods reach the API server. */
  readonly address: string;
  readonly stateDir: string;
  readonly ca: string;
  readonly serving: KeyPair;
  /** With which the API server calls kubelets. */
  readonly kubeletClient: KeyPair;
  readonly serviceAccountKey: string;
  readonly managerKubeconfig: string;
  readonly schedulerKubeconfig: string;
}

export const API_SERVER_PORT = 6443;
const ETCD = 'http://127.0.0.1:2379';
const ETCD_PEER = 'http://127.0.0.1:2380';

export interface ProgramArguments {
  readonly program: KubernetesProgram;
  readonly args: readonly string[];
}

export function etcdArguments({ stateDir }: ControlPlaneConfig): ProgramArguments {
  return {
    program: 'etcd',
    args: flags({
      'data-dir': `${stateDir}/etcd`,
      'listen-client-urls': ETCD,
      'advertise-client-urls': ETCD,
      'listen-peer-urls': ETCD_PEER,
      'initial-advertise-peer-urls': ETCD_PEER,
      'initial-cluster': `default=${ETCD_PEER}`,
      // A lab's cluster ends with the lab: there is nothing to save from a power cut.
      'unsafe-no-fsync': 'true',
      'log-level': 'warn',
    }),
  };
}

export function apiServerArguments(config: ControlPlaneConfig): ProgramArguments {
  return {
    program: 'kube-apiserver',
    args: flags({
      'etcd-servers': ETCD,
      'advertise-address': config.address,
      'secure-port': String(API_SERVER_PORT),
      'tls-cert-file': config.serving.cert,
      'tls-private-key-file': config.serving.key,
      'client-ca-file': config.ca,
      'kubelet-client-certificate': config.kubeletClient.cert,
      'kubelet-client-key': config.kubeletClient.key,
      // Else `logs` and `exec` look node names up in DNS.
      'kubelet-preferred-address-types': 'InternalIP',
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-account-key-file': config.serviceAccountKey,
      'service-account-signing-key-file': config.serviceAccountKey,
      'service-cluster-ip-range': lab.serviceCidr,
      'authorization-mode': 'Node,RBAC',
      'enable-admission-plugins': 'NodeRestriction',
      'allow-privileged': 'true',
      // It has no kube-proxy of its own: webhooks are called at their endpoints.
      'enable-aggregator-routing': 'true',
      'requestheader-client-ca-file': config.ca,
      'requestheader-username-headers': 'X-Remote-User',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'requestheader-allowed-names': 'front-proxy-client',
    }),
  };
}

export function controllerManagerArguments(config: ControlPlaneConfig): ProgramArguments {
  return {
    program: 'kube-controller-manager',
    args: flags({
      kubeconfig: config.managerKubeconfig,
      'root-ca-file': config.ca,
      'service-account-private-key-file': config.serviceAccountKey,
      'use-service-account-credentials': 'true',
      'leader-elect': 'false',
      'bind-address': '127.0.0.1',
    }),
  };
}

export function schedulerArguments(config: ControlPlaneConfig): ProgramArguments {
  return {
    program: 'kube-scheduler',
    args: flags({ kubeconfig: config.schedulerKubeconfig, 'leader-elect': 'false', 'bind-address': '127.0.0.1' }),
  };
}

const flags = (values: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);
