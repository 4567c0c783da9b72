/** What a node has of its own before anything runs on it: a folder of the lab's state, in the layout of enter-node.sh. */
import { randomUUID } from 'node:crypto';
import { constants, copyFileSync, mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { LabInstance } from '../../vpc.ts';
import type { CertificateAuthority } from '../certificates.ts';
import { renderKubeconfig } from '../kubeconfig.ts';
import { registryFiles } from '../registry/hosts.ts';
import {
  kubeletSysctls,
  nodePaths,
  type ProxyMode,
  renderContainerdConfig,
  renderHosts,
  renderKubeletConfig,
  renderProxyConfig,
  renderResolvConf,
} from './configs.ts';
import { machineId, maxPods, productUuid, providerId } from './identity.ts';
import { machineFiles } from './machine-view.ts';
import { reservations } from './reservations.ts';

/** Where Debian has the reference plugins. */
const REFERENCE_PLUGINS = '/usr/lib/cni';
const OVERLAYFS_MAGIC = 0x794c7630;

export interface NodeFolderOptions {
  readonly folder: string;
  readonly authority: CertificateAuthority;
  readonly instance: LabInstance;
  /** Of the API server, as nodes reach it. */
  readonly server: string;
  readonly cgroupRoot: string;
  readonly proxyMode: ProxyMode;
  readonly sandboxImage: string;
}

export async function prepareNodeFolder(options: NodeFolderOptions): Promise<void> {
  const { folder, authority, instance, server, cgroupRoot, proxyMode, sandboxImage } = options;
  for (const own of ['opt/cni/bin', 'cni', 'var-lib', 'var-log', 'sysctl'])
    mkdirSync(join(folder, own), { recursive: true });
  const identity = (user: string, groups: readonly string[]) =>
    authority.issue(`${instance.name}.${user.split(':')[1]}`, { user, groups });
  const [kubelet, proxy] = await Promise.all([
    identity(`system:node:${instance.name}`, ['system:nodes']),
    identity('system:kube-proxy', ['system:node-proxier']),
  ]);
  const toServer = { server, ca: authority.cert };
  const files: Readonly<Record<string, string>> = {
    [nodePaths.containerdConfig]: renderContainerdConfig({ sandboxImage, snapshotter: snapshotterFor(folder) }),
    [nodePaths.kubeletConfig]: renderKubeletConfig({
      providerId: providerId(instance),
      maxPods: maxPods(instance.type),
      cgroupRoot,
      ...reservations(instance.type),
    }),
    [nodePaths.kubeletKubeconfig]: renderKubeconfig({ ...toServer, user: kubelet }),
    [nodePaths.proxyConfig]: renderProxyConfig({ nodeName: instance.name, mode: proxyMode }),
    [nodePaths.proxyKubeconfig]: renderKubeconfig({ ...toServer, user: proxy }),
    [nodePaths.ca]: readFileSync(authority.cert, 'utf8'),
    [nodePaths.resolvConf]: renderResolvConf(),
    '/etc/hosts': renderHosts(instance),
    '/etc/machine-id': `${machineId(instance)}\n`,
    ...registryFiles(),
  };
  for (const [path, text] of Object.entries(files)) write(join(folder, path), text);
  write(join(folder, 'product_uuid'), `${productUuid(instance)}\n`);
  const settings = { ...kubeletSysctls, 'kernel.random.boot_id': randomUUID() };
  for (const [key, value] of Object.entries(settings)) write(join(folder, 'sysctl', key), `${value}\n`);
  for (const [path, text] of Object.entries(machineFiles(instance.type))) write(join(folder, 'machine', path), text);
  // Copies: a DaemonSet that installs plugins may write into these files, and Debian's must stay as they are.
  for (const plugin of readdirSync(REFERENCE_PLUGINS)) {
    copyFileSync(join(REFERENCE_PLUGINS, plugin), join(folder, 'opt/cni/bin', plugin), constants.COPYFILE_FICLONE);
  }
}

const snapshotterFor = (folder: string): 'overlayfs' | 'native' =>
  statfsSync(folder).type === OVERLAYFS_MAGIC ? 'native' : 'overlayfs';

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
