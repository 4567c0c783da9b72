/**
 * The agent as a process of its own, with the real kernel and a world read from a file, for tests and benchmarks. Its
 * parent can tell it to die at any step, and ask what it has used.
 */
import { readFileSync } from 'node:fs';

import { pino } from 'pino';

import type { GroupPolicy } from '../../core/groups/policy.ts';
import { SECURITY_GROUPS_ANNOTATION } from '../../core/names.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import { openKernel } from '../../linux/kernel.ts';
import { startAgent } from '../agent.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../http/metrics.ts';
import { openJournal } from '../journal/journal-file.ts';
import { gatherLines } from '../../daemon/gather-lines.ts';
import { silentLog } from '../../daemon/log.ts';
import { type PodView, type ServiceAccountView, viewPod } from '../world/pod-view.ts';
import type { ConfigMapView } from '../world/world.ts';
import { crashPoints } from './crash-points.ts';
import { informerDouble } from './doubles.ts';

export interface AgentProcessConfig {
  readonly runDir: string;
  readonly stateDir: string;
  readonly record: NodeNetwork;
  readonly securityGroups: readonly SecurityGroupRecord[];
  readonly pods: readonly { readonly name: string; readonly groups?: string }[];
  readonly addDeadlineMs?: number;
  readonly linkGraceMs?: number;
  /** Default false: no informer ever syncs. */
  readonly apiAway?: boolean;
  /** Default 0: no death while it starts. */
  readonly dieAtStep?: number;
  /** Default false. With it, lines go to stdout as in production. */
  readonly log?: boolean;
}

export type AgentOrder = { readonly kind: 'arm'; readonly step: number } | { readonly kind: 'usage' };
export type AgentNews =
  | { readonly kind: 'ready' }
  | { readonly kind: 'armed' }
  | { readonly kind: 'usage'; readonly rssBytes: number; readonly cpuMicroseconds: number };

const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as AgentProcessConfig;
const points = crashPoints();
const tell = (news: AgentNews): void => void process.send?.(news);
const pods = informerDouble<PodView>();
const records = informerDouble<NodeNetwork>();
const securityGroups = informerDouble<SecurityGroupRecord>();
const configMap = informerDouble<ConfigMapView>();
const serviceAccounts = informerDouble<ServiceAccountView>();
const policies = informerDouble<GroupPolicy>();
if (config.apiAway !== true) {
  pods.set(
    ...config.pods.map(({ name, groups }) =>
      viewPod({
        metadata: {
          name,
          namespace: 'default',
          uid: `uid-${name}`,
          ...(groups === undefined ? {} : { annotations: { [SECURITY_GROUPS_ANNOTATION]: groups } }),
        },
      }),
    ),
  );
  serviceAccounts.set();
  policies.set();
  configMap.set({ metadata: { name: 'aws-vpc-cni' }, data: { ENABLE_POD_ENI: 'true' } });
  securityGroups.set(...config.securityGroups);
  records.set(config.record);
}

process.on('message', (order: AgentOrder) => {
  if (order.kind === 'arm') {
    points.arm(order.step);
    tell({ kind: 'armed' });
  } else {
    const { user, system } = process.cpuUsage();
    tell({ kind: 'usage', rssBytes: process.memoryUsage.rss(), cpuMicroseconds: user + system });
  }
});
process.on('disconnect', () => process.exit(0));

const metrics = createMetrics(() => undefined);
points.arm(config.dieAtStep ?? 0);
const agent = await startAgent({
  kernel: points.kernel(openKernel()),
  startInformers: () => ({ pods, serviceAccounts, policies, records, securityGroups, configMaps: [configMap] }),
  writeStatus: async () => undefined,
  environment: {},
  bootId: 'boot',
  runDir: config.runDir,
  stateDir: config.stateDir,
  peerUid: () => 0,
  clock: systemClock,
  log:
    config.log === true
      ? pino({ base: { node: 'node-1' } }, gatherLines(pino.destination({ sync: false, minLength: 8192 })))
      : silentLog,
  observe(...observation) {
    metrics.observe(...observation);
    // Between the last write and the answer.
    points.step();
  },
  onReady: () => tell({ kind: 'ready' }),
  openJournal: (options) => points.journal(openJournal(options)),
  ...(config.addDeadlineMs === undefined ? {} : { addDeadlineMs: config.addDeadlineMs }),
  ...(config.linkGraceMs === undefined ? {} : { linkGraceMs: config.linkGraceMs }),
});

process.on('SIGTERM', () => void agent.stop().then(() => process.exit(0)));
