/**
 * Takes a lab away, whatever is left of it: processes first, then mounts, namespaces, cgroups, the registry. Safe to
 * repeat and to run at any time; the holder of the lab's lock runs it, at the end and before each start.
 */
import { closeSync, openSync, rmSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { type Machine, netnsInode, readMachine } from './machine.ts';
import { planReap } from './plan-reap.ts';
import { type Registry, clearRegistry, forgetProcesses, readRegistry } from './registry.ts';
import { runStrict } from './run.ts';

export interface ReapOptions {
  readonly runDir: string;
  readonly stateDir: string;
}

export interface Reaped {
  /** How many processes had to be killed. */
  readonly killed: number;
  /** How many namespaces were deleted. */
  readonly netns: number;
}

/** A process that is being killed is gone within milliseconds; one that waits for a disk may take longer. */
const PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 10;

export async function reap(options: ReapOptions): Promise<Reaped> {
  const reaped = await takeAway({ ...options, partOf: (registry) => registry });
  clearRegistry(options.runDir);
  return reaped;
}

export interface SwitchOffOptions extends ReapOptions {
  /** Suffix of the names of its processes. */
  readonly suffix: string;
  /** Its network namespace, which is not deleted here. */
  readonly netns: string;
  readonly cgroup: string;
  /** What must have succeeded before anything ends; it may take the namespace's name away. Default: nothing. */
  readonly first?: () => Promise<void>;
}

/** Ends all that runs on one instance, as a power cut would. */
export async function switchOff({ suffix, netns, cgroup, first, ...options }: SwitchOffOptions): Promise<void> {
  const path = `/run/netns/${netns}`;
  // While it is open nobody else's namespace can get its inode.
  const held = openSync(path, 'r');
  try {
    const inode = netnsInode(path);
    await first?.();
    const partOf = (registry: Registry): Registry => ({
      processes: registry.processes.filter(({ name }) => name.endsWith(suffix)),
      netns: [],
      cgroups: [cgroup],
      files: [],
    });
    const { processes } = partOf(readRegistry(options.runDir));
    await takeAway({ ...options, partOf, ends: inode === 'absent' ? [] : [{ name: netns, inode }] });
    forgetProcesses(options.runDir, processes);
  } finally {
    closeSync(held);
  }
}

async function takeAway({
  runDir,
  stateDir,
  partOf,
  ends = [],
}: ReapOptions & {
  readonly partOf: (registry: Registry) => Registry;
  /** Further namespaces that are to be emptied, not deleted. */
  readonly ends?: Machine['netns'];
}): Promise<Reaped> {
  const killed = new Set<number>();
  let netns = 0;
  for (let waited = 0; ; waited += LOOK_AGAIN_MS) {
    const registry = partOf(readRegistry(runDir));
    const machine = readMachine({ registry, stateDir });
    const plan = planReap({ registry, machine, ends, spare: new Set([process.pid]) });
    for (const { pid } of plan.kill) if (kill(pid)) killed.add(pid);
    for (const path of plan.unmount) await runStrict('umount', ['--lazy', path]);
    for (const { name, mounted } of plan.deleteNetns) {
      const path = `/run/netns/${name}`;
      if (mounted) await runStrict('umount', ['--lazy', path]);
      rmSync(path, { force: true });
      netns += 1;
    }
    for (const path of plan.removeFiles) removeFile(path);
    const busy = plan.removeCgroups.filter((folder) => !removeCgroup(folder));
    if (plan.kill.length === 0 && busy.length === 0) break;
    if (waited > PATIENCE_MS) {
      const [process] = plan.kill;
      const what = process === undefined ? `the cgroup ${busy[0]}` : `process ${process.pid}, ${process.why}`;
      throw new Error(`${what} does not go away; look at it with \`ps\` and start the lab again`);
    }
    await delay(LOOK_AGAIN_MS);
  }
  return { killed: killed.size, netns };
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** With its folder, if that is empty then. */
function removeFile(path: string): void {
  rmSync(path, { force: true });
  try {
    rmdirSync(dirname(path));
  } catch {
    // The user keeps something there.
  }
}

/** A group stays busy for a moment after its last process. */
function removeCgroup(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
