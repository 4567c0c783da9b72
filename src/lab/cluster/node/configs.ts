/** The files that a node's programs read. Pure: what they say depends on what is given alone. */
import { stringify } from 'yaml';

import { lab } from '../../names.ts';
import { REGISTRY_CONFIG } from '../registry/hosts.ts';
import type { Reservations } from './reservations.ts';

/** Where a node's programs find and keep things: the same paths as on EKS, in the node's own mounts. */
export const nodePaths = {
  containerdConfig: '/etc/containerd/config.toml',
  containerdSocket: '/run/containerd/containerd.sock',
  kubeletConfig: '/etc/kubernetes/kubelet.yaml',
  kubeletKubeconfig: '/etc/kubernetes/kubelet.conf',
  proxyConfig: '/etc/kubernetes/kube-proxy.yaml',
  proxyKubeconfig: '/etc/kubernetes/kube-proxy.conf',
  ca: '/etc/kubernetes/pki/ca.crt',
  resolvConf: '/etc/resolv.conf',
  /** Kubernetes' programs, wherever the machine has them. */
  kubernetes: '/run/kubernetes',
  cniBinaries: '/opt/cni/bin',
  cniConfigs: '/etc/cni/net.d',
} as const;

export function renderContainerdConfig(options: {
  readonly sandboxImage: string;
  /** `overlayfs`; `native` where the state folder is on an overlay itself. */
  readonly snapshotter: string;
}): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
# No CAP_SYS_RESOURCE may be had in a container that runs a lab.
oom_score = 0
[grpc]
  address = "${nodePaths.containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${options.sandboxImage}"
  disable_apparmor = true
  disable_hugetlb_controller = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${options.snapshotter}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${REGISTRY_CONFIG}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${nodePaths.cniBinaries}"
    conf_dir = "${nodePaths.cniConfigs}"
`;
}

export interface KubeletSettings extends Reservations {
  readonly providerId: string;
  readonly maxPods: number;
  /** Below the root of every cgroup hierarchy; all containers of the node are in it. */
  readonly cgroupRoot: string;
}

export function renderKubeletConfig(settings: KubeletSettings): string {
  const { providerId, maxPods, cgroupRoot, kubeReserved, systemReserved } = settings;
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    providerID: providerId,
    maxPods,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: nodePaths.ca } },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${nodePaths.containerdSocket}`,
    podLogsDir: '/var/log/pods',
    volumePluginDir: '/var/lib/kubelet/volumeplugins',
    clusterDNS: [lab.dnsAddress],
    clusterDomain: 'cluster.local',
    resolvConf: nodePaths.resolvConf,
    cgroupRoot,
    cgroupDriver: 'cgroupfs',
    kubeReserved,
    systemReserved,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    // The disk is the machine's: what fills it is not the node's to judge, and an image cannot be pulled again.
    evictionHard: {},
    imageGCHighThresholdPercent: 100,
    serializeImagePulls: false,
    registerNode: true,
    logging: { verbosity: 2 },
  });
}

export const proxyModes = ['nftables', 'iptables'] as const;
export type ProxyMode = (typeof proxyModes)[number];

export interface ProxySettings {
  readonly nodeName: string;
  readonly mode: ProxyMode;
}

export function renderProxyConfig({ nodeName, mode }: ProxySettings): string {
  return stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode,
    hostnameOverride: nodeName,
    clientConnection: { kubeconfig: nodePaths.proxyKubeconfig },
    // As on EKS: with one, pods of a range that is added later would be masqueraded.
    clusterCIDR: '',
    // The connection table is the machine's, not the namespace's.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    oomScoreAdj: 0,
  });
}

/** The VPC's resolver, at the range's base + 2. */
export const renderResolvConf = (): string =>
  `nameserver ${lab.vpcCidr.replace(/\.0\/\d+$/, '.2')}\nsearch ${lab.region}.compute.internal\n`;

export const renderHosts = ({ address, name }: { readonly address: string; readonly name: string }): string =>
  `127.0.0.1 localhost\n${address} ${name}\n`;

/** What the kubelet sets on a machine of its own, by key. */
export const kubeletSysctls: Readonly<Record<string, string>> = {
  'vm.overcommit_memory': '1',
  'vm.panic_on_oom': '0',
  'kernel.panic': '10',
  'kernel.panic_on_oops': '1',
  'kernel.keys.root_maxkeys': '1000000',
  'kernel.keys.root_maxbytes': '25000000',
};
