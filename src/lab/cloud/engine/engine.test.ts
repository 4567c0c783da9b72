import {
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';

import { type Cloud, type StartCloudOptions, startCloud } from '../start-cloud.ts';
import { seededRandom } from './random.ts';
import { drawLag } from './stale-view.ts';

let cloud: Cloud | undefined;
afterEach(() => cloud?.close());

/** Time stands still unless the test moves it. */
function testClock() {
  const clock = { now: Date.parse('2026-01-02T03:04:05Z') };
  return {
    clock,
    options: {
      nowMs: () => clock.now,
      sleep: () => Promise.resolve(),
      after: () => () => undefined,
    },
  };
}

async function start(options: Partial<StartCloudOptions> = {}, requestTimeout = 0) {
  cloud = await startCloud({ seed: 'test', ...options });
  const client = new EC2Client({
    endpoint: cloud.endpoint,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'x' },
    maxAttempts: 1,
    requestHandler: { requestTimeout, throwOnRequestTimeout: true },
  });
  return { client, cloud };
}

async function makeSubnet(client: EC2Client): Promise<string> {
  const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const made = await client.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.0.0.0/24' }));
  return made.Subnet?.SubnetId ?? '';
}

const nameOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: unknown) => (error as Error).name,
  );

describe('a throttled cloud', () => {
  it('refuses with 503 and RequestLimitExceeded once the bucket of the call is empty', async () => {
    const { clock, options } = testClock();
    const { client } = await start({ throttle: true, clock: options });
    const call = () => client.send(new DescribeNetworkInterfacesCommand({}));
    for (let count = 0; count < 50; count++) await call();
    await expect(call()).rejects.toMatchObject({
      name: 'RequestLimitExceeded',
      $metadata: { httpStatusCode: 503 },
    });
    await client.send(new DescribeVpcsCommand({}));
    clock.now += 1000;
    await call();
  });
});

describe('a script of faults', () => {
  it('fails the calls that it names, after those that it lets pass, as often as it says', async () => {
    const { client, cloud } = await start();
    const effect = { kind: 'fail', code: 'InternalError', message: 'on purpose', status: 500 };
    cloud.faults.add({ action: 'DescribeVpcs', after: 1, times: 2, effect });
    const names: string[] = [];
    for (let count = 0; count < 5; count++) names.push(await nameOf(client.send(new DescribeVpcsCommand({}))));
    expect(names).toEqual(['answered', 'InternalError', 'InternalError', 'answered', 'answered']);
  });

  it('loses the answer of a call that happened, and the client token finds what it made', async () => {
    const { client, cloud } = await start();
    const create = new CreateNetworkInterfaceCommand({ SubnetId: await makeSubnet(client), ClientToken: 'token' });
    cloud.faults.add({ action: 'CreateNetworkInterface', effect: { kind: 'lose-answer' } });
    expect(await nameOf(client.send(create))).not.toBe('answered');
    await client.send(create);
    const { NetworkInterfaces } = await client.send(new DescribeNetworkInterfacesCommand({}));
    expect(NetworkInterfaces).toHaveLength(1);
  });

  it('leaves a call without an answer, and it has not happened', async () => {
    const { client, cloud } = await start({}, 100);
    const create = new CreateNetworkInterfaceCommand({ SubnetId: await makeSubnet(client) });
    cloud.faults.add({ action: '*', effect: { kind: 'hang' } });
    expect(await nameOf(client.send(create))).toBe('TimeoutError');
    expect((await client.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces).toEqual([]);
  });

  it('is written over HTTP too, and refused when it makes no sense', async () => {
    const { cloud } = await start();
    const post = (body: object) =>
      fetch(`${cloud.endpoint}/_lab/faults`, { method: 'POST', body: JSON.stringify(body) });
    expect((await post({ action: 'DescribeVpcs', effect: { kind: 'hang' } })).status).toBe(200);
    expect((await post({ action: 'DescribeVpcs', effect: { kind: 'explode' } })).status).toBe(400);
    expect(cloud.faults.pending).toHaveLength(1);
    await fetch(`${cloud.endpoint}/_lab/faults`, { method: 'DELETE' });
    expect(cloud.faults.pending).toEqual([]);
  });
});

describe('eventual consistency', () => {
  it('lets some describes see the past, and none once the longest lag is over', async () => {
    const { clock, options } = testClock();
    const { client } = await start({ longestLagMs: 1000, clock: options });
    const subnet = await makeSubnet(client);
    clock.now += 10_000;
    await client.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
    const count = async () => (await client.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces?.length;
    const seen = new Set<number | undefined>();
    for (let reads = 0; reads < 60; reads++) seen.add(await count());
    expect(seen).toEqual(new Set([0, 1]));
    clock.now += 1001;
    for (let reads = 0; reads < 20; reads++) expect(await count()).toBe(1);
  });

  it('is off at a lag of zero', () => {
    const random = seededRandom('lag');
    expect(Array.from({ length: 100 }, () => drawLag(random, 0)).every((lag) => lag === 0)).toBe(true);
  });
});
