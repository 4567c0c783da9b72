/** What of a lab must go, from the registry and a look at the machine. Pure; never names what is not the lab's. */
import type { Machine, RunningProcess } from './machine.ts';
import type { Registry } from './registry.ts';

export interface ReapPlan {
  /** Newest first, so that what starts others ends before them. */
  readonly kill: readonly { readonly pid: number; readonly startTime: number; readonly why: string }[];
  /** The rest is to be done once nothing is left to kill: empty until then. */
  readonly unmount: readonly string[];
  readonly deleteNetns: readonly { readonly name: string; readonly mounted: boolean }[];
  /** Folders, deepest first. */
  readonly removeCgroups: readonly string[];
  readonly removeFiles: readonly string[];
}

export function planReap(options: {
  readonly registry: Registry;
  readonly machine: Machine;
  /** Namespaces that are to be emptied, not deleted. */
  readonly ends?: Machine['netns'];
  /** The process that reaps, and whoever else must live although a namespace of the lab may hold it for a moment. */
  readonly spare: ReadonlySet<number>;
}): ReapPlan {
  const { registry, machine, ends = [], spare } = options;
  const reasonOf = reasons(registry, { ...machine, netns: [...machine.netns, ...ends] });
  const kill = machine.processes
    .flatMap((process) => {
      const why = spare.has(process.pid) ? undefined : reasonOf(process);
      return why === undefined ? [] : [{ pid: process.pid, startTime: process.startTime, why }];
    })
    .toSorted((a, b) => b.startTime - a.startTime || b.pid - a.pid);
  if (kill.length > 0) return { kill, unmount: [], deleteNetns: [], removeCgroups: [], removeFiles: [] };
  return {
    kill,
    unmount: machine.mounts,
    deleteNetns: machine.netns.map(({ name, inode }) => ({ name, mounted: inode !== undefined })),
    removeCgroups: machine.cgroups.flatMap(({ folders }) => folders),
    removeFiles: machine.files,
  };
}

function reasons(registry: Registry, machine: Machine): (process: RunningProcess) => string | undefined {
  // A pid that was given again, in this boot or after another, is somebody else's.
  const registered = new Map(
    registry.processes
      .filter(({ bootId }) => bootId === machine.bootId)
      .map(({ name, pid, startTime }) => [`${pid} ${startTime}`, name]),
  );
  const namespaces = new Map(
    machine.netns.flatMap(({ name, inode }) => (inode === undefined ? [] : [[inode, name] as const])),
  );
  const groups = new Map(machine.cgroups.flatMap(({ path, pids }) => pids.map((pid) => [pid, path] as const)));
  return ({ pid, startTime, netns, program }) => {
    const name = registered.get(`${pid} ${startTime}`);
    if (name !== undefined) return `started as ${name}`;
    const namespace = netns === undefined ? undefined : namespaces.get(netns);
    if (namespace !== undefined) return `in the network namespace ${namespace}`;
    const group = groups.get(pid);
    if (group !== undefined) return `in the cgroup ${group}`;
    // What a lab that was killed had called for a moment, kubectl above all.
    return program.startsWith(`${machine.stateDir}/`) ? `runs ${program}` : undefined;
  };
}
