/**
 * What a node's programs see of their machine: one as large as the instance type and with EKS's operating system,
 * whatever this machine is. Pure. The kernel is this machine's, and says so: what it can do is what there is.
 */
import { type InstanceSize, instanceSize } from '../../instance-sizes.ts';

const KIB_PER_MIB = 1024;

/**
 * The `MemTotal` of an instance: firmware and kernel keep something of what is sold. From what EKS's nodes of 2 to
 * 1024 GiB have reported, which this meets within one percent.
 */
export const memTotalKib = ({ memoryMib }: InstanceSize): number =>
  Math.round(memoryMib * KIB_PER_MIB * 0.965) - 90 * KIB_PER_MIB;

/** By path below a folder that enter-node.sh mounts over the machine's own. */
export function machineFiles(type: string): Readonly<Record<string, string>> {
  const size = instanceSize(type);
  const online = size.vcpus === 1 ? '0' : `0-${size.vcpus - 1}`;
  const files: Record<string, string> = {
    meminfo: renderMeminfo(memTotalKib(size)),
    'os-release': OS_RELEASE,
    'cpu/online': `${online}\n`,
    'cpu/possible': `${online}\n`,
    'cpu/present': `${online}\n`,
  };
  // They have no topology, on purpose: the kubelet counts such CPUs, but binds no cgroup to them, and most of them the
  // machine does not have.
  for (let cpu = 0; cpu < size.vcpus; cpu++) files[`cpu/cpu${cpu}/online`] = '1\n';
  return files;
}

/** Constant, as if nothing ran: the kubelet wants the totals, and measures by cgroups. No instance swaps. */
const renderMeminfo = (total: number): string =>
  [
    ['MemTotal', total],
    ['MemFree', total],
    ['MemAvailable', total],
    ['SwapTotal', 0],
    ['SwapFree', 0],
  ]
    .map(([name, kib]) => `${`${name}:`.padEnd(15)} ${String(kib).padStart(8)} kB\n`)
    .join('');

const OS_RELEASE = `NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PLATFORM_ID="platform:al2023"
PRETTY_NAME="Amazon Linux 2023.12.20260831"
`;
