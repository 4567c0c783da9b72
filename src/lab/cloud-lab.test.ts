/** The cloud alone, as `lab cloud` starts it: real processes and namespaces, all gone in the end. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSubnetCommand, CreateVpcCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, expect, it } from 'vitest';

import { createEc2Client } from '../aws/client.ts';
import { openKernel } from '../linux/kernel.ts';
import { isMachineRoot } from '../linux/testing/is-machine-root.ts';
import { listInstances } from './cloud-instances.ts';
import { startCloudLab } from './cloud-lab.ts';
import { sdkEnvironment } from './env-file.ts';
import { labFolders } from './folders.ts';

const name = `c${process.pid % 1_000_000}`;
const root = mkdtempSync(join(tmpdir(), 'brl-cloud-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const reason = isMachineRoot() ? '' : ' (a lab needs root of the machine)';
it.skipIf(!isMachineRoot())(
  `gives instances namespaces, and leaves nothing when it ends${reason}`,
  async () => {
    const cloud = await startCloudLab({
      name,
      root,
      latency: 'fast',
      signal: new AbortController().signal,
      onStopAsked: () => undefined,
      say: () => undefined,
    });
    const client = createEc2Client({ environment: sdkEnvironment(cloud.endpoint) });
    const left = () =>
      readdirSync('/run/netns').filter((netns) => netns.startsWith(`${name}-`) || netns.includes(`-${name}-`));
    try {
      expect(cloud.snippet).toContain(`export AWS_ENDPOINT_URL='${cloud.endpoint}'`);
      expect(cloud.snippet).not.toContain('KUBECONFIG');
      const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
      const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.0.0.0/24' }));
      const SubnetId = Subnet?.SubnetId;
      await client.send(
        new RunInstancesCommand({ ImageId: 'ami-0123456789abcdef0', MinCount: 2, MaxCount: 2, SubnetId }),
      );
      const found = await listInstances({ client, kernel: openKernel() });
      expect(found.map(({ netns }) => netns)).toEqual(
        ['10-0-0-4', '10-0-0-5'].map((address) => `${name}-ip-${address}.us-west-2.compute.internal`),
      );
      expect(left()).toHaveLength(4);
    } finally {
      client.destroy();
      await cloud.stop();
    }
    expect(left()).toEqual([]);
    expect(existsSync(labFolders(name).runDir) || existsSync(labFolders(name).stateDir)).toBe(false);
    expect(existsSync(join(root, '.lab/env'))).toBe(false);
  },
  60_000,
);
