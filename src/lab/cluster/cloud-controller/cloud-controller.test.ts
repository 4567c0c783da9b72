import type { EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { silentLog } from '../../../daemon/log.ts';
import { systemClock } from '../../../kube/clock.ts';
import type { Kube } from '../../../kube/port.ts';
import { resources } from '../../../kube/resources.ts';
import { createKubeDouble } from '../../../kube/testing/double.ts';
import { type Node, UNINITIALIZED } from '../wait-for-nodes.ts';
import { type CloudController, startCloudController } from './cloud-controller.ts';
import type { NodeAddress } from './node-facts.ts';

type FullNode = Node & { readonly status?: { readonly addresses?: readonly NodeAddress[] } };

const uninitialized = { key: UNINITIALIZED, effect: 'NoSchedule', value: 'true' };
const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

describe('the cloud controller', () => {
  let kube: Kube;
  let controller: CloudController | undefined;
  let asked: string[] = [];
  let answers: (() => unknown)[] = [];
  const name = 'ip-10-0-0-5.us-west-2.compute.internal';
  const described = (): unknown => ({
    Reservations: [{ Instances: [{ InstanceType: 'm5.large', PrivateIpAddress: '10.0.0.5', PrivateDnsName: name }] }],
  });
  const client = {
    async send({ input }: { readonly input: { readonly InstanceIds: readonly string[] } }) {
      asked.push(...input.InstanceIds);
      return (answers.shift() ?? described)();
    },
  } as unknown as EC2Client;
  const register = (taints: readonly object[]): Promise<unknown> =>
    kube.create(resources.nodes, {
      metadata: { name },
      spec: { providerID: 'aws:///us-west-2a/i-0123456789abcdef0', taints },
    } as Node);
  const node = (): Promise<FullNode | undefined> => kube.get<FullNode>(resources.nodes, { name });
  const start = (): void => {
    controller = startCloudController({
      kube,
      client,
      clock: systemClock,
      random: () => 0,
      logger: silentLog,
    });
  };

  beforeEach(() => {
    kube = createKubeDouble();
    asked = [];
    answers = [];
  });
  afterEach(() => controller?.stop());

  it('gives a node that registers labels and addresses, and takes only its own taint away', async () => {
    start();
    await register([uninitialized, notReady]);
    await expect.poll(async () => (await node())?.spec?.taints).toEqual([notReady]);
    const after = await node();
    expect(after?.metadata.labels).toMatchObject({ 'node.kubernetes.io/instance-type': 'm5.large' });
    expect(after?.status?.addresses?.map(({ type }) => type)).toEqual(['InternalIP', 'InternalDNS', 'Hostname']);
    expect(asked).toEqual(['i-0123456789abcdef0']);
  });

  it('sees one that was there before it started, and leaves one alone that it has seen already', async () => {
    await register([uninitialized]);
    start();
    await expect.poll(async () => (await node())?.spec?.taints).toEqual([]);
    await kube.patch(resources.nodes, { name }, { type: 'merge', body: { metadata: { labels: { of: 'users' } } } });
    await controller?.stop();
    expect(asked).toHaveLength(1);
  });

  it('asks again when EC2 does not know the instance yet', async () => {
    answers = [
      () => ({ Reservations: [] }),
      () => {
        throw new Error('InvalidInstanceID.NotFound');
      },
    ];
    start();
    await register([uninitialized]);
    await expect.poll(async () => (await node())?.spec?.taints).toEqual([]);
    expect(asked).toHaveLength(3);
  });
});
