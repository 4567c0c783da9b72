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
import { systemClock } from '../kube/clock.ts';
import { createKube } from '../kube/client.ts';
import { kubeconfigConfig } from '../kube/kubeconfig.ts';
import { waitForNodesReady, waitForNodesRegistered } from './cluster/wait-for-nodes.ts';
import { removeEnvFile, writeEnvFile } from './env-file.ts';
import { type LabFolders, labFolders, makeStateFolder, removeStateFolder } from './folders.ts';
import { holdLab } from './hold-lab.ts';
import { type Kubectl, strictKubectl } from './scenarios/kubectl.ts';
import { startParts } from './start-parts.ts';
import { reap } from './supervisor/reap.ts';
import { run } from './supervisor/run.ts';
import { type Supervisor, createSupervisor, whenAborted } from './supervisor/supervisor.ts';
import type { LabVpc } from './vpc.ts';

export interface LabOptions {
  /** Required; see `labFolders`. */
  readonly name: string;
  /** The clone. */
  readonly root: string;
  /** How long EC2's calls take. */
  readonly latency: 'fast' | 'ec2';
  /** Ends a start, and every kubectl of ours. */
  readonly signal: AbortSignal;
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
}

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
    throw new Error('the lab makes network namespaces and runs containers: start it as root');
  // The first use of Node's thread pool must not happen while a namespace is entered: its threads would stay there.
  await stat('/');
  const lock = await holdLab({ name, root, say });
  const folders = labFolders(name);
  makeStateFolder(folders);
  let started = false;
  const supervisor = createSupervisor({
    ...folders,
    onDeath: (message) => {
      if (started) say(message);
    },
  });
  const ended = new Error('the lab was ended while it started');
  const abort = (): void => supervisor.end(ended);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();

  const opened: (() => Promise<void> | void)[] = [];
  const onOpen = (close: () => Promise<void> | void): void => void opened.push(close);
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
  };
  let taking: Promise<void> | undefined;
  const stop = (failed = false): Promise<void> => (taking ??= takeAway(failed));

  try {
    const running = await Promise.race([starting, whenAborted(supervisor.signal)]);
    started = true;
    return { ...running, stop: () => stop() };
  } catch (error) {
    await stop(!signal.aborted);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
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
}): Promise<Omit<Lab, 'stop'>> {
  const { client, endpoint, vpc, cluster } = await startParts({ ...options, root, folders, supervisor, onOpen });
  const config = kubeconfigConfig(readFileSync(cluster.kubeconfig, 'utf8'));
  const kube = createKube({ config, clock: systemClock, random: Math.random });
  onOpen(() => kube.close());
  const nodes = { kube, names: vpc.nodes.map((node) => node.name) };
  await waitForNodesRegistered({ ...nodes, signal: supervisor.signal });
  onOpen(keepEnvFile({ root, endpoint, kubeconfig: cluster.kubeconfig, binDir: folders.binDir }));
  const kubectl = join(folders.binDir, 'kubectl');
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  return {
    kubectl: strictKubectl((args, { input = '' } = {}) => run(kubectl, args, { input, env, signal })),
    client,
    ec2: createEc2(client),
    vpc,
    waitForNodes: () => waitForNodesReady({ ...nodes, signal }),
  };
}

/** @returns how to take the file away, unless a lab that was started later from this clone has made it its own. */
function keepEnvFile(options: Parameters<typeof writeEnvFile>[0]): () => void {
  const path = writeEnvFile(options);
  const ours = readFileSync(path, 'utf8');
  return () => {
    try {
      if (readFileSync(path, 'utf8') === ours) removeEnvFile(options.root);
    } catch {
      // The user was faster.
    }
  };
}
