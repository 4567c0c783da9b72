/**
 * Takes a lab away, whatever is left of it: processes first, then mounts, namespaces, cgroups, the registry. Safe to
 * repeat and to run at any time; the holder of the lab's lock runs it, at the end and before each start.
 */
import { rmSync, rmdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { readMachine } from './machine.ts';
import { planReap } from './plan-reap.ts';
import { clearRegistry, readRegistry } from './registry.ts';
import { runStrict } from './run.ts';

export interface ReapOptions {
  readonly runDir: string;
  readonly stateDir: string;
}

/** A process that is being killed is gone within milliseconds; one that waits for a disk may take longer. */
const PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 10;

/** @returns how many processes had to be killed and namespaces deleted. */
export async function reap({
  runDir,
  stateDir,
}: ReapOptions): Promise<{ readonly killed: number; readonly netns: number }> {
  const killed = new Set<number>();
  let netns = 0;
  for (let waited = 0; ; waited += LOOK_AGAIN_MS) {
    const registry = readRegistry(runDir);
    const machine = readMachine({ registry, stateDir });
    const plan = planReap({ registry, machine, spare: new Set([process.pid]) });
    for (const { pid } of plan.kill) if (kill(pid)) killed.add(pid);
    for (const path of plan.unmount) await runStrict('umount', ['--lazy', path]);
    for (const { name, mounted } of plan.deleteNetns) {
      const path = `/run/netns/${name}`;
      if (mounted) await runStrict('umount', ['--lazy', path]);
      rmSync(path, { force: true });
      netns += 1;
    }
    const busy = plan.removeCgroups.filter((folder) => !removeCgroup(folder));
    if (plan.kill.length === 0 && busy.length === 0) break;
    if (waited > PATIENCE_MS) {
      const [process] = plan.kill;
      const what = process === undefined ? `the cgroup ${busy[0]}` : `process ${process.pid}, ${process.why}`;
      throw new Error(`${what} does not go away; look at it with \`ps\` and start the lab again`);
    }
    await delay(LOOK_AGAIN_MS);
  }
  clearRegistry(runDir);
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

/** A group stays busy for a moment after its last process. */
function removeCgroup(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
