/**
 * The check on a cluster that was not started here and has Branchline: two groups in its VPC and the sample in a
 * namespace of its own, both taken away in the end.
 */
import { DeleteSecurityGroupCommand, type EC2Client } from '@aws-sdk/client-ec2';

import { createEc2Client } from '../../../aws/client.ts';
import { createEc2 } from '../../../aws/ec2.ts';
import { describeError } from '../../../core/errors/coded-error.ts';
import { waitFor } from '../../supervisor/wait-for.ts';
import type { Kubectl } from '../kubectl.ts';
import { type PathOptions, type PathResult, checkSample } from '../path/run.ts';
import { type SampleGroups, makeSampleGroups } from '../path/sample-groups.ts';
import { applyWorkloads, waitForWorkloads } from '../path/sample-pods.ts';
import { findCluster } from './find-cluster.ts';

export interface GivenClusterOptions extends Pick<PathOptions, 'kubectl' | 'step' | 'say' | 'now'> {
  /** For EC2's endpoint, region and credentials; see `createEc2Client`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends waits. */
  readonly signal: AbortSignal;
}

const NAMESPACE = 'branchline-check';
const PREFIX = `${NAMESPACE}-`;

/** @throws lab-cluster-unfit */
export async function checkGivenCluster({ environment, ...options }: GivenClusterOptions): Promise<PathResult> {
  const client = createEc2Client({ environment });
  try {
    return await check(options, client);
  } finally {
    client.destroy();
  }
}

async function check(options: Omit<GivenClusterOptions, 'environment'>, client: EC2Client): Promise<PathResult> {
  const { step, say } = options;
  const vpc = await step('the cluster has what the check needs', () => findCluster(options.kubectl, client));
  const kubectl: Kubectl = (args, more) => options.kubectl([`--namespace=${NAMESPACE}`, ...args], more);
  const groups = await step(`security groups ${PREFIX}web and ${PREFIX}db in ${vpc.vpc}`, () =>
    makeSampleGroups(client, { ...vpc, prefix: PREFIX }),
  );
  try {
    await step(`sample workloads web, db, other in the namespace ${NAMESPACE}; all pods run`, async () => {
      await options.kubectl(['create', 'namespace', NAMESPACE]);
      await applyWorkloads(kubectl, groups, vpc.nodes);
      await waitForWorkloads(kubectl);
    });
    return await checkSample({ ...options, kubectl, client, ec2: createEc2(client), vpc }, groups);
  } finally {
    await step(`namespace ${NAMESPACE} and both groups taken away`, async () => {
      await options.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait']);
      await deleteGroups(client, { groups, signal: options.signal, say });
    });
  }
}

/** Their interfaces go first: the controller keeps those of a set for a minute after its last pod. */
async function deleteGroups(
  client: EC2Client,
  how: {
    readonly groups: SampleGroups;
    readonly signal: AbortSignal;
    readonly say: (text: string) => void;
  },
): Promise<void> {
  // `db` names `web` in a rule.
  const left = [how.groups.db, how.groups.web];
  const ask = async (): Promise<true> => {
    for (let GroupId = left[0]; GroupId !== undefined; GroupId = left[0]) {
      await client.send(new DeleteSecurityGroupCommand({ GroupId }));
      left.shift();
    }
    return true;
  };
  try {
    await waitFor({
      what: `the end of ${left.join(' and ')}`,
      ask,
      signal: how.signal,
      timeoutMs: 120_000,
      everyMs: 2000,
    });
  } catch (error) {
    const later = left.map((id) => `\n  aws ec2 delete-security-group --group-id ${id}`);
    how.say(`  ${describeError(error)}\n  Delete later what is left:${later.join('')}`);
  }
}
