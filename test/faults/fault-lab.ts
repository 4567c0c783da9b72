/** A lab with Branchline in it, and the handles by which its parts are broken. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { EC2Client } from '@aws-sdk/client-ec2';

import type { Ec2 } from '../../src/aws/port.ts';
import { createKube } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { kubeconfigConfig } from '../../src/kube/kubeconfig.ts';
import type { Event } from '../../src/kube/objects.ts';
import type { Kube } from '../../src/kube/port.ts';
import { resources } from '../../src/kube/resources.ts';
import type { FaultEffect } from '../../src/lab/cloud/engine/faults.ts';
import { callControl } from '../../src/lab/control/call-control.ts';
import { labFolders } from '../../src/lab/folders.ts';
import { startLab } from '../../src/lab/lab.ts';
import { instanceNetns } from '../../src/lab/names.ts';
import type { Kubectl } from '../../src/lab/scenarios/kubectl.ts';
import { installBranchline, switchPodGroups } from '../../src/lab/scenarios/path/install.ts';
import { readRegistry } from '../../src/lab/supervisor/registry.ts';
import { runStrict } from '../../src/lab/supervisor/run.ts';
import { waitFor } from '../../src/lab/supervisor/wait-for.ts';
import type { LabInstance, LabVpc } from '../../src/lab/vpc.ts';

export interface FaultLab {
  readonly kube: Kube;
  readonly kubectl: Kubectl;
  readonly client: EC2Client;
  readonly ec2: Ec2;
  readonly vpc: LabVpc;
  /** Adds to the cloud's script. */
  fault(action: string, effect: FaultEffect, times?: number): Promise<void>;
  /** Resolves when every fault of the script has befallen a call. */
  faultsSpent(): Promise<void>;
  part(verb: 'kill' | 'start' | 'pause' | 'resume', part: string): Promise<void>;
  /** Runs a program on a node, in its network and mounts; gives what it prints. */
  on(node: LabInstance, ...argv: readonly string[]): Promise<string>;
  /** Name of the node's network namespace. */
  netns(node: LabInstance): string;
  /** Where the node's /var/lib/branchline is on this machine. */
  stateDir(node: LabInstance): string;
  /** Until it is answered: what is not so yet throws, or is undefined. */
  until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T>;
  stop(): Promise<void>;
}

/** Generous: nothing depends on how long it takes, only that it comes. */
const PATIENCE_MS = 120_000;
const root = join(import.meta.dirname, '../..');

export async function startFaultLab(name: string): Promise<FaultLab> {
  const ending = new AbortController();
  const { signal } = ending;
  const lab = await startLab({
    name,
    root,
    latency: 'ec2',
    nodeTypes: ['m5.large', 'm5.large'],
    proxyMode: 'nftables',
    signal,
    onStopAsked: () => ending.abort(),
    step: (_, work) => work(),
    say: () => undefined,
    progress: () => undefined,
  });
  const folders = labFolders(name);
  const config = kubeconfigConfig(readFileSync(folders.kubeconfig, 'utf8'));
  const kube = createKube({ config, clock: systemClock, random: Math.random });
  const stop = async (): Promise<void> => {
    kube.close();
    await lab.stop();
  };
  const endpoint = await lab.client.config.endpoint?.();
  const faults = `http://${endpoint?.hostname}:${endpoint?.port}/_lab/faults`;
  const until = <T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> =>
    waitFor({ what, ask, signal, timeoutMs: PATIENCE_MS, everyMs: 200 }).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await warnings(kube)}`, { cause: error });
    });
  const netns = (node: LabInstance): string => instanceNetns(name, node.name);
  try {
    await installBranchline(lab.kubectl, join(root, 'config/master/aws-k8s-cni.yaml'));
    await switchPodGroups(lab.kubectl, true);
    await lab.waitForNodes();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...lab,
    kube,
    until,
    netns,
    stop,
    async fault(action, effect, times = 1) {
      const { status } = await fetch(faults, { method: 'POST', body: JSON.stringify({ action, effect, times }) });
      if (status !== 200) throw new Error(`the cloud takes no such fault: ${status}`);
    },
    faultsSpent: async () => {
      await until('the end of the script of faults', async () => {
        const { faults: pending } = (await (await fetch(faults)).json()) as { readonly faults: readonly object[] };
        return pending.length === 0 ? true : undefined;
      });
    },
    async part(verb, part) {
      const request = { verb: `part-${verb}`, part } as const;
      await callControl({ path: folders.control, labName: name, request, tell: () => undefined });
    },
    on: (node, ...argv) => {
      const holder = readRegistry(folders.runDir).processes.find((each) => each.name === `node@${node.name}`);
      return runStrict('nsenter', [`--target=${holder?.pid}`, '--net', '--mount', '--uts', ...argv], { signal });
    },
    stateDir: (node) => join(folders.stateDir, 'nodes', node.name, 'var-lib', 'branchline'),
  };
}

/** What the cluster itself says of what does not work, the latest last. */
async function warnings(kube: Kube): Promise<string> {
  const { items } = await kube.list<Event>(resources.events);
  return items
    .filter(({ type }) => type === 'Warning')
    .sort((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? -1 : 1))
    .slice(-12)
    .map(({ lastTimestamp, involvedObject, reason, message }) =>
      [lastTimestamp, involvedObject.name, reason, message.slice(-400)].join('  '),
    )
    .join('\n');
}
