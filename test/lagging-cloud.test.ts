/**
 * The controller over the lab's cloud whose descriptions lag behind its calls by seconds, in an order that a seed gives:
 * controllers end at any moment, pods come and go. No pod is ever cut off, and nothing is left over.
 */
import type { EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createEc2Client } from '../src/aws/client.ts';
import { createEc2 } from '../src/aws/ec2.ts';
import { watchCluster } from '../src/controller/cluster.ts';
import { startController } from '../src/controller/controller.ts';
import { ec2Tags, NAMESPACE, SECURITY_GROUPS_ANNOTATION } from '../src/core/names.ts';
import type { NodeNetwork } from '../src/core/records/node-network.ts';
import { silentLog } from '../src/daemon/log.ts';
import type { Clock } from '../src/kube/clock.ts';
import { createEventRecorder } from '../src/kube/events.ts';
import { createInformer } from '../src/kube/informer.ts';
import type { ConfigMap, Node, Pod } from '../src/kube/objects.ts';
import { resources } from '../src/kube/resources.ts';
import { createKubeDouble } from '../src/kube/testing/double.ts';
import { seededRandom } from '../src/lab/cloud/engine/random.ts';
import { type Cloud, startCloud } from '../src/lab/cloud/start-cloud.ts';
import { makeGroup, makeVpc } from '../src/lab/vpc.ts';

/** Half a minute of EC2's in a second of ours. */
const SPEED = 30;
const epoch = performance.now();
const now = (): number => (performance.now() - epoch) * SPEED;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms / SPEED));
const clock: Clock = {
  now,
  date: () => new Date(now()),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms / SPEED);
      signal?.addEventListener('abort', done);
    }),
};

const NODE = 'node-1';
const groupNames = ['a', 'b', 'c'];

describe('the controller over a cloud whose descriptions lag behind', () => {
  const seed = process.env['LAG_SEED'] ?? String(Date.now());
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]): T | undefined => values[Math.floor(random() * values.length)];
  const kube = createKubeDouble({ date: () => clock.date() });
  let cloud: Cloud;
  let client: EC2Client;

  beforeAll(async () => {
    cloud = await startCloud({
      seed,
      longestLagMs: 5000,
      clock: {
        nowMs: now,
        sleep: pause,
        after(ms, action) {
          const timer = setTimeout(action, ms / SPEED);
          return () => clearTimeout(timer);
        },
      },
    });
    client = createEc2Client({
      environment: {
        AWS_ENDPOINT_URL: cloud.endpoint,
        AWS_REGION: 'us-west-2',
        AWS_ACCESS_KEY_ID: 'x',
        AWS_SECRET_ACCESS_KEY: 'x',
      },
    });
  });
  afterAll(async () => {
    client?.destroy();
    await cloud?.close();
  });

  const start = (): (() => Promise<void>) => {
    const surroundings = { kube, clock, random: Math.random, logger: silentLog };
    const cluster = watchCluster((options) => createInformer({ ...surroundings, ...options }));
    const controller = startController({
      kube,
      cluster,
      ec2: createEc2(client),
      events: createEventRecorder({ ...surroundings, component: 'c', instance: 'i' }),
      environment: {},
      clock,
      random: Math.random,
      log: silentLog,
      metrics: { action: () => undefined, failure: () => undefined },
    });
    return async () => {
      await controller.stop();
      await cluster.stop();
    };
  };
  const record = (): NodeNetwork | undefined => kube.objects<NodeNetwork>(resources.nodeNetworks)[0];
  const pods = (): readonly Pod[] => kube.objects<Pod>(resources.pods);

  /** As the agent and the kubelet: what the record names is wired, and what is in force is said. */
  const serve = async (): Promise<void> => {
    const current = record();
    if (current === undefined) return;
    const { spec, metadata } = current;
    const used = new Set(pods().map(({ status }) => status?.podIP));
    for (const set of spec.sets) {
      const addresses = spec.interfaces
        .filter(({ id }) => set.interfaces.includes(id))
        .flatMap((each) => each.addresses);
      for (const pod of pods()) {
        const free = addresses.find((each) => !used.has(each));
        if (!set.pods.includes(pod.metadata.uid ?? '') || pod.status?.podIP !== undefined || free === undefined)
          continue;
        used.add(free);
        const ref = { name: pod.metadata.name, namespace: 'default' };
        await kube.patch(
          resources.pods,
          ref,
          { type: 'merge', body: { status: { podIP: free } } },
          { subresource: 'status' },
        );
      }
    }
    const named = new Set(spec.sets.flatMap(({ interfaces }) => interfaces));
    const releaseAcks = spec.interfaces
      .filter(({ id, purpose }) => purpose === 'groups' && !named.has(id))
      .flatMap(({ addresses }) => addresses)
      .filter((address) => !used.has(address));
    const status = { protocol: 1, appliedGeneration: metadata.generation, releaseAcks };
    await kube.patch(
      resources.nodeNetworks,
      { name: NODE },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );
  };
  const everyPodIsConnected = (): void => {
    const known = new Set(record()?.spec.interfaces.flatMap(({ addresses }) => addresses));
    for (const { metadata, status } of pods()) {
      if (status?.podIP !== undefined) expect(known.has(status.podIP), `${metadata.name}, seed ${seed}`).toBe(true);
    }
  };
  const remove = async (pod: Pod): Promise<void> => {
    const ref = { name: pod.metadata.name, namespace: 'default' };
    await kube.delete(resources.pods, ref);
    if (pods().some(({ metadata }) => metadata.name === ref.name)) kube.finishPod(ref);
  };

  it('cuts no pod off, serves every pod, and leaves no interface behind', async () => {
    const { vpc, nodes } = await makeVpc(client, { nodeTypes: ['m5.xlarge'] });
    const groups = await Promise.all(groupNames.map((name) => makeGroup(client, { vpc, name, description: name })));
    await kube.create<ConfigMap>(resources.configMaps, {
      metadata: { name: 'aws-vpc-cni', namespace: NAMESPACE },
      data: { ENABLE_POD_ENI: 'true' },
    });
    await kube.create<Node>(resources.nodes, {
      metadata: { name: NODE },
      spec: { providerID: `aws:///us-west-2a/${nodes[0]?.id}` },
    });
    let stop = start();
    for (let step = 0; step < 120; step++) {
      const dice = random();
      const some = pick(pods());
      if (dice < 0.35 && pods().length < 40) {
        await kube.create<Pod>(resources.pods, {
          metadata: {
            name: `pod-${step}`,
            namespace: 'default',
            annotations: { [SECURITY_GROUPS_ANNOTATION]: pick(groups) ?? '' },
          },
          spec: { nodeName: NODE, serviceAccountName: 'default' },
        });
      } else if (dice < 0.6 && some !== undefined) {
        await remove(some);
      } else if (dice < 0.8) {
        await stop();
        stop = start();
      }
      // Most of EC2's seconds pass in small steps, so that a record that is wrong for a moment is seen.
      for (let left = Math.floor(random() * 30); left > 0; left--) {
        await serve();
        everyPodIsConnected();
        await pause(150);
      }
    }
    const until = async (what: string, isSo: () => Promise<boolean> | boolean): Promise<void> => {
      for (let tries = 0; tries < 600; tries++) {
        await serve();
        everyPodIsConnected();
        if (await isSo()) return;
        await pause(2000);
      }
      expect.fail(`${what} did not come; seed ${seed}`);
    };
    await until('an address for every pod', () => pods().every(({ status }) => status?.podIP !== undefined));
    for (const pod of pods()) await remove(pod);
    const ec2 = createEc2(client);
    await until('the end of all interfaces', async () => {
      const all = await ec2.interfaces({ vpc });
      return all.every(({ tags }) => tags[ec2Tags.instance] === undefined);
    });
    await until('an empty record', () => record()?.spec.interfaces.length === 1);
    await stop();
  });
});
