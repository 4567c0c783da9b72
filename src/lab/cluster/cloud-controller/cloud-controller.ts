/**
 * What AWS's cloud controller does for nodes: each that registers gets the labels and addresses that EC2 tells of its
 * instance, and loses the taint that keeps pods away until then. It must never decide anything of the lab's own.
 */
import { DescribeInstancesCommand, type EC2Client } from '@aws-sdk/client-ec2';

import type { Log } from '../../../daemon/log.ts';
import type { Clock } from '../../../kube/clock.ts';
import { createInformer } from '../../../kube/informer.ts';
import type { Kube } from '../../../kube/port.ts';
import { resources } from '../../../kube/resources.ts';
import { createWorkQueue } from '../../../kube/work-queue.ts';
import { type Node, UNINITIALIZED, isInitialized } from '../wait-for-nodes.ts';
import { nodeFacts } from './node-facts.ts';

export interface CloudControllerOptions {
  readonly kube: Kube;
  readonly client: Pick<EC2Client, 'send'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Log;
}

export interface CloudController {
  stop(): Promise<void>;
}

/** As AWS's: an instance may have got or lost a public address. */
const LOOK_AGAIN_MS = 5 * 60_000;

export function startCloudController(options: CloudControllerOptions): CloudController {
  const { kube, client, clock, random, logger } = options;
  const queue = createWorkQueue({
    clock,
    random,
    concurrency: 4,
    async process(name, signal) {
      const node = await kube.get<Node>(resources.nodes, { name });
      const instance = node?.spec?.providerID?.split('/').at(-1);
      if (node === undefined || instance === undefined) return;
      const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [instance] }), {
        abortSignal: signal,
      });
      const found = Reservations?.[0]?.Instances?.[0];
      if (found === undefined) throw new Error(`EC2 does not describe ${instance}`);
      const { labels, addresses } = nodeFacts(found);
      const status = { type: 'merge', body: { status: { addresses } } } as const;
      const { metadata, spec } = await kube.patch<Node>(resources.nodes, { name }, status, { subresource: 'status' });
      const taints = spec?.taints?.filter(({ key }) => key !== UNINITIALIZED) ?? [];
      // Taints are others' too. Should one have changed meanwhile, this is refused, and done again.
      const { resourceVersion } = metadata;
      const body = { metadata: { labels, resourceVersion }, spec: { taints } };
      await kube.patch(resources.nodes, { name }, { type: 'merge', body });
      return { afterMs: LOOK_AGAIN_MS };
    },
    backoff: { baseMs: 100 },
    onError: ({ key, error, retryInMs }) => logger.warn({ node: key, err: error, retryInMs }, 'node not initialised'),
  });
  const informer = createInformer<Node, boolean>({
    kube,
    resource: resources.nodes,
    project: isInitialized,
    clock,
    random,
    logger,
  });
  informer.onChange(({ ref, object, previous }) => {
    if (ref !== undefined && object === false && previous !== false) queue.add(ref.name);
  });
  return {
    async stop() {
      await informer.stop();
      await queue.stop();
    },
  };
}
