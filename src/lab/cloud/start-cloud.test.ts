import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  type EC2ServiceException,
  RunInstancesCommand,
  paginateDescribeNetworkInterfaces,
  waitUntilInstanceRunning,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lab } from '../names.ts';
import { forbidWebToDb, makeSampleGroups } from '../scenarios/path/sample-groups.ts';
import { makeVpc } from '../vpc.ts';
import { createNetwork } from './network/network.ts';
import { type Cloud, startCloud } from './start-cloud.ts';
import { RecordingFabric, RecordingNamespaces } from './testing/recording-network.ts';

let dir: string;
let fabric: RecordingFabric;
let namespaces: RecordingNamespaces;
let cloud: Cloud;
let ec2: EC2Client;

const start = async (): Promise<void> => {
  cloud = await startCloud({
    seed: 'test',
    stateDir: dir,
    network: () =>
      createNetwork({
        kernel: namespaces,
        name: 'lab',
        runDir: dir,
        createFabric: () => fabric,
        outside: { open: () => undefined, close: () => undefined },
      }),
  });
  ec2 = new EC2Client({
    endpoint: cloud.endpoint,
    region: lab.region,
    credentials: { accessKeyId: lab.accessKeyId, secretAccessKey: lab.secretAccessKey },
    maxAttempts: 1,
  });
};

const stop = async (): Promise<void> => {
  ec2.destroy();
  await cloud.close();
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'brlt-cloud-'));
  fabric = new RecordingFabric();
  namespaces = new RecordingNamespaces();
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(dir, { recursive: true });
});

const refusal = async (call: Promise<unknown>): Promise<EC2ServiceException> =>
  call.then(
    () => Promise.reject(new Error('not refused')),
    (error: unknown) => error as EC2ServiceException,
  );

describe('the cloud, asked by the AWS SDK', () => {
  it('makes the lab’s VPC, its instances and its groups, and the fabric learns of all of them', async () => {
    const vpc = await makeVpc(ec2, { nodeTypes: ['m5.large', 'm5.large'] });
    expect(vpc.nodes.map((node) => node.name)).toEqual([
      'ip-10-0-0-5.us-west-2.compute.internal',
      'ip-10-0-0-6.us-west-2.compute.internal',
    ]);
    expect(namespaces.names).toContain(vpc.controlPlane.name);
    await waitUntilInstanceRunning({ client: ec2, maxWaitTime: 60 }, { InstanceIds: vpc.nodes.map(({ id }) => id) });
    const groups = await makeSampleGroups(ec2, vpc);
    const rulesOf = (id: string) => fabric.world?.groups.find((group) => group.id === id)?.rules.slice(1);
    expect(rulesOf(groups.db)).toMatchObject([
      { protocol: 'tcp', fromPort: 5432, toPort: 5432, peer: { kind: 'group', group: groups.web } },
    ]);
    await forbidWebToDb(ec2, groups);
    expect(rulesOf(groups.db)).toEqual([]);
    const named = await ec2.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'tag:Name', Values: ['sg-web'] }] }),
    );
    expect(named.SecurityGroups?.map((group) => group.GroupId)).toEqual([groups.web]);
  });

  it('carries on after a restart, with the same things and new ids', async () => {
    const vpc = await makeVpc(ec2, { nodeTypes: ['m5.large'] });
    const make = () => ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: vpc.subnet, ClientToken: 'token' }));
    const before = (await make()).NetworkInterface?.NetworkInterfaceId;
    await stop();
    fabric = new RecordingFabric();
    namespaces = new RecordingNamespaces();
    await start();
    expect(namespaces.names).toEqual(new Set([vpc.controlPlane.name, vpc.nodes[0]?.name]));
    expect(fabric.world?.interfaces).toHaveLength(2);
    expect((await make()).NetworkInterface?.NetworkInterfaceId).toBe(before);
    const other = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: vpc.subnet }));
    expect(other.NetworkInterface?.NetworkInterfaceId).not.toBe(before);
    const all = await ec2.send(new DescribeNetworkInterfacesCommand({}));
    expect(all.NetworkInterfaces).toHaveLength(4);
  });

  it('refuses with EC2’s code, status and a request id', async () => {
    const error = await refusal(ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-0123456789abcdef0'] })));
    expect(error.name).toBe('InvalidInstanceID.NotFound');
    expect(error.message).toBe("The instance ID 'i-0123456789abcdef0' does not exist");
    expect(error.$metadata.httpStatusCode).toBe(400);
    expect(error.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers a dry run with 412 and changes nothing', async () => {
    const vpc = await makeVpc(ec2, { nodeTypes: [] });
    const error = await refusal(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: vpc.subnet, DryRun: true })));
    expect(error.name).toBe('DryRunOperation');
    expect(error.$metadata.httpStatusCode).toBe(412);
    expect((await ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces).toHaveLength(1);
  });

  it('answers an internal error, and nothing has happened, when the fabric cannot follow', async () => {
    const vpc = await makeVpc(ec2, { nodeTypes: [] });
    fabric.failure = new Error('the kernel says no');
    const run = { ImageId: 'ami-0123456789abcdef0', MinCount: 1, MaxCount: 1, SubnetId: vpc.subnet };
    const error = await refusal(ec2.send(new RunInstancesCommand(run)));
    expect([error.name, error.$metadata.httpStatusCode]).toEqual(['InternalError', 500]);
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
    expect(Reservations).toHaveLength(1);
    await ec2.send(new RunInstancesCommand(run));
  });

  it('gives its pages to the SDK’s paginator', async () => {
    const vpc = await makeVpc(ec2, { nodeTypes: ['m5.large'] });
    const { NetworkInterface: eni } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: vpc.subnet }));
    await ec2.send(
      new AttachNetworkInterfaceCommand({
        NetworkInterfaceId: eni?.NetworkInterfaceId,
        InstanceId: vpc.nodes[0]?.id,
        DeviceIndex: 1,
      }),
    );
    for (let made = 0; made < 9; made++) await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: vpc.subnet }));
    const sizes: number[] = [];
    for await (const page of paginateDescribeNetworkInterfaces({ client: ec2, pageSize: 5 }, {})) {
      sizes.push(page.NetworkInterfaces?.length ?? 0);
    }
    expect(sizes).toEqual([5, 5, 2]);
  });
});

describe('the endpoint, asked by hand', () => {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0';
  const ask = async (body: string, headers: Readonly<Record<string, string>> = { authorization }) => {
    const response = await fetch(cloud.endpoint, { method: 'POST', body, headers });
    return `${response.status} ${/<Code>(.*)<\/Code>/.exec(await response.text())?.[1] ?? ''}`;
  };

  it.each([
    ['Action=DescribeVpcs&Version=2016-11-15', '200 '],
    ['Action=DescribeWishes&Version=2016-11-15', '400 InvalidAction'],
    ['Action=CreateFleet&Version=2016-11-15', '400 UnsupportedOperation'],
    ['Action=constructor&Version=2016-11-15', '400 InvalidAction'],
    ['Action=DescribeVpcs&Version=2035-11-15', '400 NoSuchVersion'],
    ['Action=DescribeVpcs', '400 MissingParameter'],
    ['', '400 MissingAction'],
  ])('answers %j with %s', async (body, answer) => {
    expect(await ask(body)).toBe(answer);
  });

  it('wants a signature, whoever’s it is', async () => {
    expect(await ask('Action=DescribeVpcs&Version=2016-11-15', {})).toBe('401 AuthFailure');
  });
});
