/** What tells containerd to ask the lab's registry for everything, whatever registry an image names. Pure. */
import { lab } from '../../names.ts';

/** Folder that containerd's `config_path` names. */
export const REGISTRY_CONFIG = '/etc/containerd/certs.d';

export const registryAddress = `${lab.registryLoopback.address}:${lab.registryLoopback.port}`;

/** By path. `_default` is for every registry without a folder of its own. */
export const registryFiles = (): Readonly<Record<string, string>> => ({
  [`${REGISTRY_CONFIG}/_default/hosts.toml`]: `server = "http://${registryAddress}"
[host."http://${registryAddress}"]
  capabilities = ["pull", "resolve"]
`,
});
