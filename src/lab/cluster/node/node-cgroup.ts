/**
 * The cgroup below which a node's kubelet puts all pods. It is made here, in every hierarchy, because the kubelet takes
 * only one that exists, and because it is by their cgroup that the processes of pods are found when a lab ends.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { cgroupRoots } from '../../supervisor/machine.ts';

/** @param path below the root of a hierarchy; announced in the registry beforehand. */
export function makeNodeCgroup(path: string): void {
  for (const root of cgroupRoots(readFileSync('/proc/self/mountinfo', 'utf8'))) {
    mkdirSync(join(root, path), { recursive: true });
    // Version 2 gives a group only the controllers that all groups above it hand down.
    for (const parent of [root, join(root, dirname(path)), join(root, path)]) handDown(parent);
  }
}

function handDown(folder: string): void {
  const controllers = join(folder, 'cgroup.controllers');
  if (!existsSync(controllers)) return;
  for (const controller of readFileSync(controllers, 'utf8').trim().split(' ').filter(Boolean)) {
    writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
  }
}
