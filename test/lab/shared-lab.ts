/** The one lab of `lab.test.ts`, and what its parts need of it. It speaks to the lab as users do: by verbs and kubectl. */
import { readFileSync } from 'node:fs';

import type { EC2Client } from '@aws-sdk/client-ec2';

import { createEc2Client } from '../../src/aws/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { type KubeClient, createKube } from '../../src/kube/client.ts';
import { kubeconfigConfig } from '../../src/kube/kubeconfig.ts';
import type { Event } from '../../src/kube/objects.ts';
import type { Kube } from '../../src/kube/port.ts';
import { resources } from '../../src/kube/resources.ts';
import { labFolders } from '../../src/lab/folders.ts';
import { lab } from '../../src/lab/names.ts';
import type { LabStatus } from '../../src/lab/status.ts';
import { waitFor } from '../../src/lab/supervisor/wait-for.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import { type LabProcess, startLabProcess } from '../testing/lab-process.ts';

export interface SharedLab extends LabProcess {
  readonly client: EC2Client;
  /** For programs that talk to EC2. */
  readonly awsEnvironment: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  status(): Promise<LabStatus>;
  makeKube(): KubeClient;
  /** Its nodes, in the order of their titles. */
  nodes(): Promise<readonly LabInstance[]>;
  /** Until it is answered: what is not so yet throws, or is undefined. A failure tells the cluster's latest warnings. */
  until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T>;
  close(): void;
}

/** Generous: nothing depends on how long it takes, only that it comes. */
const PATIENCE_MS = 240_000;

export async function startSharedLab(name: string): Promise<SharedLab> {
  const process = startLabProcess(name, ['--bare', '--trunks', '--nodes', 'm5.large,m5.large']);
  await process.started;
  const status = async (): Promise<LabStatus> =>
    JSON.parse(await process.ok(['status', '--output', 'json'])) as LabStatus;
  const { endpoints } = await status();
  const awsEnvironment = {
    AWS_ENDPOINT_URL: endpoints?.ec2 ?? '',
    AWS_REGION: lab.region,
    AWS_ACCESS_KEY_ID: lab.accessKeyId,
    AWS_SECRET_ACCESS_KEY: lab.secretAccessKey,
  };
  const client = createEc2Client({ environment: awsEnvironment });
  const { kubeconfig } = labFolders(name);
  const ended = new AbortController();
  const makeKube = (): KubeClient =>
    createKube({
      config: kubeconfigConfig(readFileSync(kubeconfig, 'utf8')),
      clock: systemClock,
      random: Math.random,
    });
  return {
    ...process,
    client,
    awsEnvironment,
    kubeconfig,
    status,
    makeKube,
    nodes: async () => (await status()).instances.filter(({ node }) => node !== 'control plane'),
    until: (what, ask) =>
      waitFor({ what, ask, signal: ended.signal, timeoutMs: PATIENCE_MS, everyMs: 250 }).catch(async (error: Error) => {
        const kube = makeKube();
        const told = await warnings(kube).finally(() => kube.close());
        throw new Error(`${error.message}\n${told}`, { cause: error });
      }),
    close() {
      ended.abort();
      client.destroy();
    },
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
