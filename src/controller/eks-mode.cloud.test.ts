/**
 * The mode `eks` over the lab's EC2, with the published policy as all that the controller may do, and EKS's controller
 * played by its own calls.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { createEc2 } from '../aws/ec2.ts';
import { NAMESPACE, POD_CONDITION, POD_ENI_ANNOTATION, RECORD_PROTOCOL } from '../core/names.ts';
import type { NodeNetwork } from '../core/records/node-network.ts';
import { silentLog } from '../daemon/log.ts';
import { systemClock as clock } from '../kube/clock.ts';
import { createEventRecorder } from '../kube/events.ts';
import { createInformer } from '../kube/informer.ts';
import type { ConfigMap, Node, Pod, SecurityGroupPolicy } from '../kube/objects.ts';
import { resources } from '../kube/resources.ts';
import { createKubeDouble } from '../kube/testing/double.ts';
import { readAccessKeys } from '../lab/cloud/iam/policy.ts';
import { type Cloud, startCloud } from '../lab/cloud/start-cloud.ts';
import { makeGroup, makeVpc } from '../lab/vpc.ts';
import { watchCluster } from './cluster.ts';
import { startController } from './controller.ts';
import { attachTrunk, giveBranch, takeBranch } from './testing/eks-controller.ts';

const NODE = 'node-1';
const published = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../deploy/controller-iam-policy.json'), 'utf8'),
) as { readonly Statement: readonly { readonly Sid: string; readonly Action: string | readonly string[] }[] };

const key = (accessKeyId: string, policy: unknown) => ({
  accessKeyId,
  secretAccessKey: 'secret',
  arn: `arn:aws:iam::111122223333:user/${accessKeyId}`,
  policies: [policy],
});
/** As published before there was this mode, and as many accounts will have it for long. */
const older = {
  ...published,
  Statement: published.Statement.map((each) => ({
    ...each,
    Action: [each.Action].flat().filter((action) => action !== 'ec2:DescribeTrunkInterfaceAssociations'),
  })),
};

describe.each([
  ['the published policy', 'AKIAPUBLISHED'],
  ['a policy that shows no associations', 'AKIAOLDER'],
])('in the mode eks, with %s', (_, accessKeyId) => {
  const kube = createKubeDouble({ date: () => clock.date() });
  const clients: EC2Client[] = [];
  let cloud: Cloud;
  const ends: (() => Promise<void>)[] = [];

  const clientOf = (id: string): EC2Client => {
    const credentials = { accessKeyId: id, secretAccessKey: 'secret' };
    const client = new EC2Client({ endpoint: cloud.endpoint, region: 'us-west-2', credentials });
    clients.push(client);
    return client;
  };
  const start = (client: EC2Client): void => {
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
    ends.push(
      () => controller.stop(),
      () => cluster.stop(),
    );
  };
  beforeAll(async () => {
    const admin = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
    const keys = [key('AKIAADMIN', admin), key('AKIAPUBLISHED', published), key('AKIAOLDER', older)];
    cloud = await startCloud({ seed: 'eks', quotas: { trunks: true }, accessKeys: readAccessKeys({ keys }) });
  });
  afterAll(async () => {
    for (const end of ends) await end();
    for (const client of clients) client.destroy();
    await cloud.close();
  });

  const record = (): NodeNetwork | undefined => kube.objects<NodeNetwork>(resources.nodeNetworks)[0];
  const podRef = (name: string) => ({ name, namespace: 'default' });
  const condition = (name: string) =>
    kube
      .objects<Pod>(resources.pods)
      .find(({ metadata }) => metadata.name === name)
      ?.status?.conditions?.find(({ type }) => type === POD_CONDITION);
  const addPod = async (name: string): Promise<string> => {
    const labels = { app: 'web' };
    const made = await kube.create<Pod>(resources.pods, {
      metadata: { ...podRef(name), labels },
      spec: { nodeName: NODE, serviceAccountName: 'default' },
    });
    const body = { status: { conditions: [{ type: 'PodScheduled', status: 'True' }] } };
    await kube.patch(resources.pods, podRef(name), { type: 'merge', body }, { subresource: 'status' });
    return made.metadata.uid ?? '';
  };
  const annotate = (name: string, text: string) => {
    const body = { metadata: { annotations: { [POD_ENI_ANNOTATION]: text } } };
    return kube.patch(resources.pods, podRef(name), { type: 'merge', body });
  };

  it('a pod gets the branch that EKS’s controller has made, and a forged annotation nothing', async () => {
    const eks = clientOf('AKIAADMIN');
    const { vpc, subnet, clusterGroup, nodes } = await makeVpc(eks, { nodeTypes: ['m5.large'] });
    const web = await makeGroup(eks, { vpc, name: 'web', description: 'web' });
    const instance = nodes[0]?.id ?? '';
    await kube.create<ConfigMap>(resources.configMaps, {
      metadata: { name: 'aws-vpc-cni', namespace: NAMESPACE },
      data: { ENABLE_POD_ENI: 'true', POD_GROUPS_MODE: 'eks' },
    });
    await kube.create<SecurityGroupPolicy>(resources.securityGroupPolicies, {
      metadata: podRef('web'),
      spec: { podSelector: { matchLabels: { app: 'web' } }, securityGroups: { groupIds: [web] } },
    });
    await kube.create<Node>(resources.nodes, {
      metadata: { name: NODE },
      spec: { providerID: `aws:///us-west-2a/${instance}` },
    });
    start(clientOf(accessKeyId));
    await vi.waitFor(() => expect(record()?.spec.interfaces[0]?.addresses).toHaveLength(9), 10_000);
    const status = { protocol: RECORD_PROTOCOL };
    await kube.patch(
      resources.nodeNetworks,
      { name: NODE },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );
    const uid = await addPod('web');
    await addPod('forger');

    const trunk = await attachTrunk(eks, { subnet, groups: [clusterGroup], instance, deviceIndex: 2 });
    const given = await giveBranch(eks, { subnet, groups: [web], trunk, vlan: 1 });
    await annotate('web', given.annotation);
    await vi.waitFor(() => expect(record()?.spec.branches).toHaveLength(1), 10_000);
    expect(record()?.spec).toMatchObject({
      interfaces: [{ purpose: 'node' }, { id: trunk, purpose: 'trunk', deviceIndex: 2, addresses: [] }],
      sets: [{ groups: [web], interfaces: [], pods: [uid] }],
      branches: [{ pod: uid, id: given.id, trunk, vlan: 1, groups: [web], address: given.address }],
    });

    const other = await giveBranch(eks, { subnet, groups: [clusterGroup], trunk, vlan: 2 });
    for (const [forged, reason] of [
      [given.annotation, 'PodEniMismatch'],
      [other.annotation, 'PodEniMismatch'],
      ['[{"eniId":"eni-1"}]', 'PodEniMalformed'],
    ] as const) {
      await annotate('forger', forged);
      await vi.waitFor(() => expect(condition('forger')).toMatchObject({ status: 'False', reason }), 10_000);
      expect(record()?.spec.branches).toHaveLength(1);
    }

    await kube.delete(resources.pods, podRef('web'));
    if (kube.objects<Pod>(resources.pods).some(({ metadata }) => metadata.uid === uid)) kube.finishPod(podRef('web'));
    await takeBranch(eks, given);
    await vi.waitFor(() => expect(record()?.spec).toMatchObject({ sets: [] }), 10_000);
    expect(record()?.spec).not.toHaveProperty('branches');
    const { NetworkInterfaces = [] } = await eks.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [trunk, other.id] }),
    );
    expect(new Set(NetworkInterfaces.map(({ InterfaceType }) => InterfaceType))).toEqual(new Set(['branch', 'trunk']));
  });
});
