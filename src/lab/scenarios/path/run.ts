/**
 * The path, end to end: install, refuse, switch on, serve, send packets, take a rule away, give it back. Says what it
 * does as it goes; every claim is checked, and the first that fails ends it with an error.
 */
import type { EC2Client } from '@aws-sdk/client-ec2';

import type { Ec2 } from '../../../aws/port.ts';
import { ipv4 } from '../../../core/address/ipv4.ts';
import { evaluate, explainVerdict } from '../../../core/vpc/evaluate.ts';
import type { LabVpc } from '../../vpc.ts';
import type { Kubectl } from '../kubectl.ts';
import { observeVpc } from '../observe-vpc.ts';
import { installBranchline, switchPodGroups } from './install.ts';
import { type Cell, type SamplePod, checkMatrix, renderMatrix } from './matrix.ts';
import { probeAll, waitForReach } from './probe.ts';
import { type SampleGroups, allowWebToDb, forbidWebToDb, makeSampleGroups } from './sample-groups.ts';
import { applyWorkloads, listSamplePods, waitForRefusal, waitForWorkloads } from './sample-pods.ts';

export interface PathOptions {
  readonly kubectl: Kubectl;
  /** For what a user does: groups and rules. */
  readonly client: EC2Client;
  /** For what the check reads. */
  readonly ec2: Ec2;
  readonly vpc: LabVpc;
  readonly manifestPath: string;
  readonly waitForNodes: () => Promise<void>;
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  readonly say: (text: string) => void;
  readonly now: () => number;
}

export interface PathResult {
  readonly cells: readonly Cell[];
  readonly agrees: boolean;
  readonly complaints: readonly string[];
  /** From EC2's answer to the first refused, and the first admitted, new connection. */
  readonly delays: readonly {
    readonly change: 'revoked' | 'authorised';
    readonly where: string;
    readonly ms: number;
  }[];
}

export async function runPath(options: PathOptions): Promise<PathResult> {
  const { kubectl, client, vpc, step, say } = options;
  const groups = await step('security groups sg-web and sg-db by EC2’s API', () => makeSampleGroups(client, vpc));
  await step('kubectl apply -f config/master/aws-k8s-cni.yaml', async () => {
    await installBranchline(kubectl, options.manifestPath);
    await options.waitForNodes();
  });
  await step('sample workloads web, db, other: two pods each, one on each of two nodes', () =>
    applyWorkloads(kubectl, groups, vpc.nodes),
  );
  const refusal = await step('a pod that asks for groups before the switch is on is refused', () =>
    waitForRefusal(kubectl, 'pod-groups-disabled', 120),
  );
  say(`  ${refusal.slice(refusal.indexOf('the pod asks'))}`);
  say('  The kubelet’s own back-off is what takes longest now: it tries a refused pod again after 10 to 15 s.');
  await step('ENABLE_POD_ENI: "true" in the ConfigMap aws-vpc-cni; all pods run', async () => {
    await switchPodGroups(kubectl, true);
    await waitForWorkloads(kubectl);
  });
  return checkSample(options, groups);
}

export type SampleOptions = Pick<PathOptions, 'kubectl' | 'client' | 'ec2' | 'step' | 'say' | 'now'> & {
  readonly vpc: { readonly vpc: string; readonly nodes: readonly { readonly name: string }[] };
};

/** Packets between all pods of the sample, which run, and the effect of a changed rule. */
export async function checkSample(options: SampleOptions, groups: SampleGroups): Promise<PathResult> {
  const { kubectl, vpc, step, say } = options;
  const pods = await listSamplePods(kubectl);
  const cells = await step('packets between all pods', () => observeMatrix(options, pods));
  const check = checkMatrix(cells);
  say(
    renderMatrix(
      cells,
      vpc.nodes.map((node) => node.name),
    ),
  );
  for (const complaint of check.complaints) say(`  ${complaint}`);
  say(check.agrees ? 'Observed = expected in every cell.' : 'Observed differs from expected.');
  const delays = check.agrees ? await changeRule(options, pods, groups) : [];
  return { cells, ...check, delays };
}

async function observeMatrix(options: SampleOptions, pods: readonly SamplePod[]): Promise<readonly Cell[]> {
  const expected = await observeVpc(options.ec2, options.vpc.vpc);
  const rows = await Promise.all(
    pods.map(async (source) => {
      const targets = pods.filter((target) => target.name !== source.name);
      const reached = await probeAll(options.kubectl, source, targets);
      return targets.map((target): Cell => {
        const verdict = evaluate(
          { source: ipv4(source.address), target: ipv4(target.address), protocol: 6, port: target.port },
          expected,
        );
        return {
          source,
          target,
          expected: verdict.allowed ? 'open' : 'closed',
          reason: explainVerdict(verdict),
          observed: reached.get(target.name) ?? 'closed',
        };
      });
    }),
  );
  return rows.flat();
}

async function changeRule(
  options: SampleOptions,
  pods: readonly SamplePod[],
  groups: SampleGroups,
): Promise<PathResult['delays']> {
  const { kubectl, client, step, say, now } = options;
  const source = pods.find((pod) => pod.app === 'web');
  const targets = pods.filter((pod) => pod.app === 'db');
  if (source === undefined) throw new Error('the sample has no web pod');
  const pairs = targets.map((target) => ({
    source,
    target,
    where: target.node === source.node ? 'on one node' : 'across two nodes',
  }));
  const change = async (kind: 'revoked' | 'authorised', call: () => Promise<void>) => {
    await call();
    const answered = now();
    return Promise.all(
      pairs.map(async ({ source, target, where }) => {
        await waitForReach({ kubectl, source, target, reach: kind === 'revoked' ? 'closed' : 'open', tries: 200 });
        return { change: kind, where, ms: now() - answered };
      }),
    );
  };
  const revoked = await step('aws ec2 revoke-security-group-ingress: sg-db no longer lets sg-web in', () =>
    change('revoked', () => forbidWebToDb(client, groups)),
  );
  const authorised = await step('aws ec2 authorize-security-group-ingress: given back', () =>
    change('authorised', () => allowWebToDb(client, groups)),
  );
  const delays = [...revoked, ...authorised];
  for (const { change, where, ms } of delays) {
    const effect = change === 'revoked' ? 'refused, the probe’s own time-out of 1 s included,' : 'open';
    say(`  ${change}: new connections ${where} ${effect} after ${(ms / 1000).toFixed(1)} s`);
  }
  return delays;
}
