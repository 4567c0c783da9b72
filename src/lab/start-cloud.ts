/** The cloud: a process of its own that answers EC2's API and keeps the fabric. */
import { join } from 'node:path';

import type { LabFolders } from './folders.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

export interface CloudOptions {
  readonly supervisor: Supervisor;
  readonly name: string;
  readonly folders: LabFolders;
  readonly latency: 'fast' | 'ec2';
  /** Where EC2's API is offered on this machine. */
  readonly listen: { readonly address: string; readonly port: number };
}

/** @returns EC2's endpoint on this machine, once it answers. */
export async function startCloud({ supervisor, name, folders, latency, listen }: CloudOptions): Promise<string> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  const where = ['--run-dir', folders.runDir, '--state', join(folders.stateDir, 'cloud')];
  const how = ['--name', name, '--listen', `${listen.address}:${listen.port}`, '--latency', latency];
  const argv = [...node, join(import.meta.dirname, 'cloud/main.ts'), ...where, ...how];
  const cloud = supervisor.start({ name: 'cloud', argv, announces: true });
  const line = await cloud.firstLine;
  const { event, endpoint } = JSON.parse(line) as { readonly event?: string; readonly endpoint?: string };
  if (event !== 'ready' || endpoint === undefined)
    throw new Error(`the cloud did not say that it is ready, but: ${line}`);
  return endpoint;
}
