/** The cloud: a process of its own that answers EC2's API and keeps the fabric. */
import { join } from 'node:path';

import type { LabFolders } from './folders.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

export interface CloudOptions {
  readonly supervisor: Supervisor;
  readonly name: string;
  readonly folders: LabFolders;
  readonly latency: 'fast' | 'ec2';
  /** More of the cloud's own, as in `cloud/config.ts`. */
  readonly flags?: readonly string[];
  /** Where EC2's API is offered on this machine. */
  readonly listen: { readonly address: string; readonly port: number };
}

/** @returns EC2's endpoint on this machine, once it answers. */
export async function startCloud(options: CloudOptions): Promise<string> {
  const { supervisor, name, folders, latency, flags = [], listen } = options;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  const where = ['--run-dir', folders.runDir, '--state', join(folders.stateDir, 'cloud')];
  const how = ['--name', name, '--latency', latency];
  let { port } = listen;
  const cloud = supervisor.start({
    name: 'cloud',
    // One that is started again answers where the first one did.
    argv: () => [
      ...node,
      join(import.meta.dirname, 'cloud/main.ts'),
      ...where,
      ...how,
      ...flags,
      '--listen',
      `${listen.address}:${port}`,
    ],
    announces: true,
  });
  const line = await cloud.firstLine;
  const { event, endpoint } = JSON.parse(line) as { readonly event?: string; readonly endpoint?: string };
  if (event !== 'ready' || endpoint === undefined)
    throw new Error(`the cloud did not say that it is ready, but: ${line}`);
  port = Number(new URL(endpoint).port);
  return endpoint;
}
