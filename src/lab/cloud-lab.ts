/** The cloud and its fabric alone: EC2 with real packets, without Kubernetes. Held and taken away as a whole lab is. */
import { stat } from 'node:fs/promises';

import type { EC2Client } from '@aws-sdk/client-ec2';

import { createEc2Client } from '../aws/client.ts';
import { CodedError } from '../core/errors/coded-error.ts';
import { openKernel } from '../linux/kernel.ts';
import { listInstances } from './cloud-instances.ts';
import { createHandler } from './control/handle-request.ts';
import { serveControl } from './control/serve-control.ts';
import { renderEnvFile, sdkEnvironment, writeEnvFile } from './env-file.ts';
import { type LabFolders, labFolders, makeStateFolder, portFor, removeStateFolder } from './folders.ts';
import { holdLab } from './hold-lab.ts';
import { lab } from './names.ts';
import { type CloudOptions, startCloud } from './start-cloud.ts';
import { createStatus } from './status.ts';
import { reap } from './supervisor/reap.ts';
import { createSupervisor, whenAborted } from './supervisor/supervisor.ts';

export interface CloudLabOptions extends Pick<CloudOptions, 'name' | 'latency' | 'flags'> {
  /** The clone. */
  readonly root: string;
  /** Ends a start. */
  readonly signal: AbortSignal;
  /** Called when somebody asks on the control socket that the lab end: `stop` is to be called. */
  readonly onStopAsked: () => void;
  readonly say: (text: string) => void;
}

export interface CloudLab {
  readonly endpoint: string;
  /** For a shell that is to use it; also in `.lab/env`. */
  readonly snippet: string;
  /** Takes everything away; harmless to repeat. */
  stop(): Promise<void>;
}

/** A start that fails, or that `signal` ends, has taken everything away again before it rejects. */
export async function startCloudLab(options: CloudLabOptions): Promise<CloudLab> {
  const { name, root, signal, say } = options;
  if (process.getuid?.() !== 0) {
    throw new CodedError('lab-needs-root', { detail: `it runs as user ${process.getuid?.()}` });
  }
  // The first use of Node's thread pool must not happen while a namespace is entered: its threads would stay there.
  await stat('/');
  const lock = await holdLab({ name, root, say });
  const folders = labFolders(name);
  makeStateFolder(folders);
  const supervisor = createSupervisor({ ...folders, onDeath: say });
  let client: EC2Client | undefined;
  let endpoint: string | undefined;
  const control = await serveControl({
    path: folders.control,
    handle: createHandler({
      supervisor,
      nodes: () => undefined,
      stop: options.onStopAsked,
      say,
      status: createStatus({
        name,
        root,
        folders,
        supervisor,
        now: async () =>
          endpoint === undefined || client === undefined
            ? undefined
            : { endpoints: { ec2: endpoint }, instances: await listInstances({ client, kernel: openKernel() }) },
      }),
    }),
  });
  const ended = new Error('the lab was ended while it started');
  const takeAway = async (failed: boolean): Promise<void> => {
    supervisor.end(ended);
    client?.destroy();
    await reap(folders);
    removeStateFolder(folders, { keepLogs: failed });
    await lock.release();
    await control.close();
  };
  let taking: Promise<void> | undefined;
  const stop = (failed = false): Promise<void> => (taking ??= takeAway(failed));
  try {
    signal.throwIfAborted();
    const listen = { address: lab.ec2Loopback.address, port: portFor(name, lab.ec2Loopback.port) };
    endpoint = await Promise.race([startCloud({ ...options, supervisor, folders, listen }), whenAborted(signal)]);
    client = createEc2Client({ environment: sdkEnvironment(endpoint) });
    return { endpoint, snippet: offer(endpoint, { root, folders }), stop: () => stop() };
  } catch (error) {
    await stop(!signal.aborted);
    throw error;
  }
}

function offer(endpoint: string, { root, folders }: { readonly root: string; readonly folders: LabFolders }): string {
  writeEnvFile({ root, runDir: folders.runDir, endpoint });
  return renderEnvFile({ endpoint });
}
