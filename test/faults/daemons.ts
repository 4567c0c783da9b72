/** Our daemons as processes of the machine, to be killed on whatever line they are. */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';

import type { Pod } from '../../src/kube/objects.ts';
import { resources } from '../../src/kube/resources.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import type { FaultLab } from './fault-lab.ts';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Pids of a program of our image, in the network of any of these nodes. */
function pidsOf(lab: FaultLab, bundle: string, nodes: readonly LabInstance[]): readonly number[] {
  const inodes = nodes.map((node) => `net:[${statSync(`/run/netns/${lab.netns(node)}`).ino}]`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(`/proc/${pid}/cmdline`).split('\0').includes(`/opt/branchline/${bundle}`))
    .filter((pid) => {
      try {
        return inodes.includes(readlinkSync(`/proc/${pid}/ns/net`));
      } catch {
        return false;
      }
    })
    .map(Number);
}

const kill = (pids: readonly number[]): void => {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
};

/** SIGKILL to the controller, and another pod of it at once: the kubelet lets one that dies again and again wait. */
export async function killController(lab: FaultLab): Promise<void> {
  const before = await controllerPods(lab);
  kill(pidsOf(lab, 'controller.mjs', lab.vpc.nodes));
  await lab.kubectl([
    'delete',
    'pod',
    '--namespace=kube-system',
    '--force',
    '--grace-period=0',
    ...before.map(({ metadata }) => metadata.name),
  ]);
}

export async function controllerIsReady(lab: FaultLab): Promise<void> {
  await lab.until('a controller that is ready', async () => {
    const [only, ...others] = await controllerPods(lab);
    const ready = only?.status?.conditions?.find(({ type }) => type === 'Ready');
    return others.length === 0 && ready?.status === 'True' ? true : undefined;
  });
}

const controllerPods = async ({ kube }: FaultLab): Promise<readonly Pod[]> =>
  (
    await kube.list<Pod>(resources.pods, {
      namespace: 'kube-system',
      labelSelector: 'app.kubernetes.io/component=controller',
    })
  ).items;

/** SIGKILL to the agent of a node; the kubelet starts it again. */
export function killAgent(lab: FaultLab, node: LabInstance): void {
  const pids = pidsOf(lab, 'agent.mjs', [node]);
  if (pids.length === 0) throw new Error(`no agent runs on ${node.name}`);
  kill(pids);
}
