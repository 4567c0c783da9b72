/** The sandbox of a pod, as the machine has it. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

import { readJournal } from '../../src/agent/testing/observe-node.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import type { FaultLab } from './fault-lab.ts';

/** Of each pod that holds an address on the node, by its name: the sandbox's id. */
export const sandboxes = (lab: FaultLab, node: LabInstance): ReadonlyMap<string, string> =>
  new Map(
    [...readJournal(lab.stateDir(node)).holdings.values()].map(({ attachment }) => [
      attachment.pod.name,
      attachment.containerId,
    ]),
  );

/** SIGKILL to the process that holds a sandbox: the kubelet makes another one. */
export function killSandbox(id: string): void {
  const pid = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((each) => {
      try {
        const isPause = readlinkSync(`/proc/${each}/exe`).endsWith('/pause');
        return isPause && readFileSync(`/proc/${each}/cgroup`, 'utf8').includes(id);
      } catch {
        return false;
      }
    });
  if (pid === undefined) throw new Error(`the sandbox ${id} does not run`);
  process.kill(Number(pid), 'SIGKILL');
}
