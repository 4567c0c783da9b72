/** Where a lab keeps what it has, by its name: `lab` is the one per machine, others are tests'. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { labPaths } from './names.ts';

export interface LabFolders {
  readonly runDir: string;
  readonly stateDir: string;
  readonly logDir: string;
  /** Programs for the user's PATH. */
  readonly binDir: string;
  /** Socket on which the running lab answers `lab status` and its like. */
  readonly control: string;
  /** Of the administrator, while the cluster runs. */
  readonly kubeconfig: string;
}

export function labFolders(name: string): LabFolders {
  const suffix = isDefault(name) ? '' : `-${name}`;
  const runDir = `${labPaths.runDir}${suffix}`;
  const stateDir = `${labPaths.stateDir}${suffix}`;
  return {
    runDir,
    stateDir,
    logDir: join(stateDir, 'logs'),
    binDir: join(stateDir, 'bin'),
    control: join(runDir, 'control.sock'),
    kubeconfig: join(stateDir, 'kubeconfig'),
  };
}

/** Of the labs that have left a registry on this machine, running or not. */
export function labNames(): readonly string[] {
  const base = basename(labPaths.runDir);
  return readdirSync(dirname(labPaths.runDir)).flatMap((entry) => {
    if (entry === base) return ['lab'];
    return entry.startsWith(`${base}-`) ? [entry.slice(base.length + 1)] : [];
  });
}

export function makeStateFolder({ stateDir, binDir }: LabFolders): void {
  rmSync(stateDir, { recursive: true, force: true });
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  mkdirSync(binDir);
}

/** @param keepLogs after a failure they are all that tells why. */
export function removeStateFolder(
  { stateDir, logDir }: LabFolders,
  { keepLogs }: { readonly keepLogs: boolean },
): void {
  if (!existsSync(stateDir)) return;
  for (const entry of readdirSync(stateDir)) {
    const path = join(stateDir, entry);
    if (!(keepLogs && path === logDir)) rmSync(path, { recursive: true, force: true });
  }
  if (!keepLogs) rmSync(stateDir, { recursive: true, force: true });
}

/** Below the root of every cgroup hierarchy. */
export const labCgroup = (name: string): string => `brl-${name}`;

/** Of all pods of a node. */
export const nodeCgroup = (name: string, node: { readonly name: string }): string => `${labCgroup(name)}/${node.name}`;

/** The known ports are the lab's own; a lab of another name takes free ones. */
export const portFor = (name: string, port: number): number => (isDefault(name) ? port : 0);

const isDefault = (name: string): boolean => name === 'lab';
