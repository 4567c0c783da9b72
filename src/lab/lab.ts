/**
 * The lab as a whole: held by one process, started, used, and taken away again, whatever became of it. It must never
 * know what the parts do; `start-parts.ts` says what they are.
 */
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { EC2Client } from '@aws-sdk/client-ec2';

import { createEc2 } from '../aws/ec2.ts';
import type { Ec2 } from '../aws/port.ts';
import { CodedError } from '../core/errors/coded-error.ts';
import { systemClock } from '../kube/clock.ts';
import { createKube } from '../kube/client.ts';
import { kubeconfigConfig } from '../kube/kubeconfig.ts';
import type { Kube } from '../kube/port.ts';
import { startCloudController } from './cluster/cloud-controller/cloud-controller.ts';
import { waitForNodesReady, waitForNodesRegistered } from './cluster/wait-for-nodes.ts';
import { createHandler } from './control/handle-request.ts';
import { serveControl } from './control/serve-control.ts';
import { writeEnvFile } from './env-file.ts';
import { fileLog } from './file-log.ts';
import { type LabFolders, labFolders, makeStateFolder, removeStateFolder } from './folders.ts';
import { holdLab } from './hold-lab.ts';
import { type LabNodes, createLabNodes } from './lab-nodes.ts';
import { type LabOptions } from './lab-options.ts';
import { type Kubectl, strictKubectl } from './scenarios/kubectl.ts';
import { type Parts, startParts } from './start-parts.ts';
import { clusterNow, createStatus } from './status.ts';
import { reap } from './supervisor/reap.ts';
import { run } from './supervisor/run.ts';
import { type Supervisor, createSupervisor, whenAborted } from './supervisor/supervisor.ts';
import type { LabVpc } from './vpc.ts';

export interface Lab {
  readonly kubectl: Kubectl;
  readonly client: EC2Client;
  readonly ec2: Ec2;
  readonly vpc: LabVpc;
  /** Resolves when every node is Ready, which takes a CNI. */
  waitForNodes(): Promise<void>;
  /** Takes everything away; harmless to repeat. */
  stop(): Promise<void>;
}

/** A start that fails, or that `signal` ends, has taken everything away again before it rejects. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { name, root, signal, say } = options;
  if (process.getuid?.() !== 0)
    throw new CodedError('lab-needs-root', { detail: `it runs as user ${process.getuid?.()}` });
  // The first use of Node's thread pool must not happen while a namespace is entered: its threads would stay there.
  await stat('/');
  const lock = await holdLab({ name, root, say });
  const folders = labFolders(name);
  makeStateFolder(folders);
  let started: Started | undefined;
  const supervisor = createSupervisor({
    ...folders,
    onDeath: (message) => {
      if (started === undefined) supervisor.end(new Error(message));
      else say(`${message}\nIt can be started again: \`npm run lab -- start ${message.split(' ')[0]}\``);
    },
  });
  const ended = new Error('the lab was ended while it started');
  const abort = (): void => supervisor.end(ended);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();

  const opened: (() => Promise<void> | void)[] = [];
  const onOpen = (close: () => Promise<void> | void): void => void opened.push(close);
  const now = async () => (started === undefined ? undefined : clusterNow(name, started));
  const status = createStatus({ name, root, folders, supervisor, now });
  const handle = createHandler({ supervisor, nodes: () => started?.nodes, status, stop: options.onStopAsked, say });
  const control = await serveControl({ path: folders.control, handle });
  const starting = start({ options, folders, supervisor, onOpen });
  const takeAway = async (failed: boolean): Promise<void> => {
    supervisor.end(ended);
    // What still waits for a part ends with it; and may have made something until then.
    await reap(folders);
    await starting.catch(() => undefined);
    for (const close of opened.toReversed()) await close();
    await reap(folders);
    removeStateFolder(folders, { keepLogs: failed });
    await lock.release();
    // The last thing: whoever has asked for the end waits for this.
    await control.close();
  };
  let taking: Promise<void> | undefined;
  const stop = (failed = false): Promise<void> => (taking ??= takeAway(failed));

  try {
    started = await Promise.race([starting, whenAborted(supervisor.signal)]);
    return { ...started.lab, stop: () => stop() };
  } catch (error) {
    await stop(!signal.aborted);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

export interface Started {
  readonly lab: Omit<Lab, 'stop'>;
  readonly parts: Parts;
  readonly nodes: LabNodes;
  readonly kube: Kube;
}

async function start({
  options: { root, signal, ...options },
  folders,
  supervisor,
  onOpen,
}: {
  readonly options: LabOptions;
  readonly folders: LabFolders;
  readonly supervisor: Supervisor;
  readonly onOpen: (close: () => Promise<void> | void) => void;
}): Promise<Started> {
  const parts = await startParts({ ...options, root, folders, supervisor, onOpen });
  const { client, endpoint, vpc, cluster } = parts;
  const config = kubeconfigConfig(readFileSync(cluster.kubeconfig, 'utf8'));
  const kube = createKube({ config, clock: systemClock, random: Math.random });
  onOpen(() => kube.close());
  const logger = fileLog(join(folders.logDir, 'cloud-controller.log'));
  const controller = startCloudController({ kube, client, clock: systemClock, random: Math.random, logger });
  onOpen(() => controller.stop());
  const nodes = createLabNodes({ ...parts, name: options.name, folders, supervisor, kube });
  const names = (): readonly string[] => nodes.all().map((node) => node.name);
  await waitForNodesRegistered({ kube, names: names(), signal: supervisor.signal });
  writeEnvFile({ root, endpoint, ...folders, kubeconfig: cluster.kubeconfig });
  const kubectl = join(folders.binDir, 'kubectl');
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  const lab = {
    kubectl: strictKubectl((args, { input = '' } = {}) => run(kubectl, args, { input, env, signal })),
    client,
    ec2: createEc2(client),
    vpc,
    waitForNodes: () => waitForNodesReady({ kube, names: names(), signal }),
  };
  return { lab, parts, nodes, kube };
}
