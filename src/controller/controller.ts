/**
 * The cluster daemon, put together: caches in, one queue keyed by node, one mirror of groups. It alone holds AWS
 * credentials and alone writes what agents believe; it must never read a cloud fact from anything that a tenant writes.
 */
import type { Ec2 } from '../aws/port.ts';
import { CodedError, describeError } from '../core/errors/coded-error.ts';
import type { SettingValues } from '../core/settings/settings.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Kube } from '../kube/port.ts';
import { createWorkQueue, type WorkFailure } from '../kube/work-queue.ts';
import type { Cluster } from './cluster.ts';
import { createMirror } from './groups/mirror.ts';
import { definePolicies } from './groups/policy-definition.ts';
import { createPrefixLists } from './groups/prefix-lists.ts';
import { reportPolicies } from './groups/report-policies.ts';
import type { Metrics } from './http/metrics.ts';
import { createLiveSettings } from './live-settings.ts';
import type { Log } from '../daemon/log.ts';
import { createAskEks } from './node/ask-eks.ts';
import { createExecutor } from './node/executor.ts';
import { createNodeWorker } from './node/node-worker.ts';
import { createPodConditions } from './node/pod-conditions.ts';
import { createRecordWriter } from './node/record-writer.ts';
import { createReporter } from './node/reporter.ts';
import { indexPods } from './pods-by-node.ts';
import { requeueOnChange } from './requeue-on-change.ts';
import { createInterfaceSweep } from './vpc/interface-sweep.ts';
import { createTrunkAssociations } from './vpc/trunk-associations.ts';
import { createTypeLimits } from './vpc/type-limits.ts';
import { createVpcWatch } from './vpc/vpc-watch.ts';

export interface ControllerOptions {
  readonly kube: Pick<Kube, 'get' | 'create' | 'patch' | 'delete'>;
  /** Its informers run already. */
  readonly cluster: Cluster;
  readonly ec2: Ec2;
  readonly events: EventRecorder;
  readonly environment: SettingValues;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'action' | 'failure'>;
}

export interface Controller {
  /** Everything was read once, and nodes are worked on. */
  isReady(): boolean;
  waitingNodes(): number;
  rulesAgeSeconds(): number | undefined;
  stop(): Promise<void>;
}

/** Nodes at a time; most of their time is EC2's. */
const CONCURRENCY = 10;
/** A burst of pods on a node is one plan and one write of its record. */
export const COALESCE_MS = 50;
const MIRROR = 'groups';
const LISTS = 'prefix-lists';

export function startController(options: ControllerOptions): Controller {
  const { kube, cluster, ec2, events, environment, clock, random, log, metrics } = options;
  const settings = createLiveSettings({ configMaps: cluster.configMaps, environment, log, events });
  const rulesPollSeconds = (): number => settings.current().rulesPollSeconds;
  const vpcs = createVpcWatch({ ec2, clock, log, rulesPollSeconds });
  const prefixLists = createPrefixLists({ ec2, clock, log, everyMs: () => rulesPollSeconds() * 1000 });
  const mirror = createMirror({ kube, cluster, lists: prefixLists, events, clock, log });
  const pods = indexPods(cluster.pods);
  let ready = false;

  const onError =
    (job: string) =>
    ({ key, error, failures, retryInMs }: WorkFailure): void => {
      metrics.failure(job, error instanceof CodedError ? error.code : 'unknown');
      log.warn({ job, key, error: describeError(error), failures, retryInMs }, 'failed; it is tried again');
    };
  const nodes = createWorkQueue({
    process: createNodeWorker({
      cluster,
      pods,
      settings: () => settings.current(),
      vpcs,
      mirror,
      ec2,
      sweep: createInterfaceSweep({ ec2, clock }),
      associations: createTrunkAssociations({ ec2, clock, log }),
      limits: createTypeLimits(ec2),
      askEks: createAskEks({ kube, log }),
      execute: createExecutor({ ec2, log, observe: metrics.action }),
      writer: createRecordWriter(kube),
      reporter: createReporter(events),
      conditions: createPodConditions({ kube, clock, log }),
      clock,
      random,
      log,
    }),
    clock,
    random,
    concurrency: CONCURRENCY,
    onError: onError('node.reconcile'),
  });
  const groups = createWorkQueue({
    process: () => mirror.sync(vpcs.all()),
    clock,
    random,
    concurrency: 1,
    onError: onError('groups.mirror'),
  });
  // Beside the mirror: a change of rules waits for no list.
  const lists = createWorkQueue({
    process: () => prefixLists.poll(),
    clock,
    random,
    concurrency: 1,
    onError: onError('groups.prefix-lists'),
  });
  const leaveLists = prefixLists.onChange((change) => {
    if (change === 'wanted') lists.add(LISTS);
    else groups.add(MIRROR);
  });
  // The interval of the polls may have changed.
  const leaveSettings = settings.onChange(() => lists.add(LISTS));
  const leavePolicies = reportPolicies({ policies: cluster.policies, events });
  const stopping = new AbortController();
  const defining = definePolicies({ kube, clock, random, log, signal: stopping.signal });
  const leave = requeueOnChange({
    cluster,
    settings,
    vpcs,
    // Before the first full list of everything, pods that are merely unseen would lose their interfaces.
    node: (name) => ready && nodes.add(name, { afterMs: COALESCE_MS }),
    groups: () => ready && groups.add(MIRROR),
  });
  void cluster.synced.then(() => {
    ready = true;
    log.info({ nodes: cluster.nodes.all().length, pods: cluster.pods.all().length }, 'everything was read');
    for (const { name } of cluster.nodes.all()) nodes.add(name);
    for (const { metadata } of cluster.records.all()) nodes.add(metadata.name);
  });

  return {
    isReady: () => ready,
    waitingNodes: () => nodes.size(),
    rulesAgeSeconds() {
      const oldest = Math.min(...vpcs.all().map(({ groupsAtMs }) => groupsAtMs));
      return Number.isFinite(oldest) ? (clock.now() - oldest) / 1000 : undefined;
    },
    async stop() {
      leave();
      leaveLists();
      leaveSettings();
      leavePolicies();
      stopping.abort();
      await Promise.all([nodes.stop(), groups.stop(), lists.stop(), vpcs.stop(), defining]);
    },
  };
}
