/** Nodes with Branchline come, go and start anew. */
import { join } from 'node:path';

import { DescribeInstancesCommand, DescribeNetworkInterfacesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createEc2 } from '../../src/aws/ec2.ts';
import { resources } from '../../src/kube/resources.ts';
import { type SampleOptions, checkSample } from '../../src/lab/scenarios/path/run.ts';
import { type SampleGroups, makeSampleGroups } from '../../src/lab/scenarios/path/sample-groups.ts';
import { applyWorkloads, listSamplePods, waitForWorkloads } from '../../src/lab/scenarios/path/sample-pods.ts';
import { run } from '../../src/lab/supervisor/run.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import { root } from '../testing/lab-process.ts';
import type { SharedLab } from './shared-lab.ts';

export function comingAndGoing(lab: () => SharedLab): void {
  describe('nodes that come and go', () => {
    const allReady = (): Promise<unknown> =>
      lab().kubectl(['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=180s']);
    /** The VPC and its nodes' group, as EC2 tells them. */
    const place = async (): Promise<{ readonly vpc: string; readonly clusterGroup: string }> => {
      const { Reservations } = await lab().client.send(new DescribeInstancesCommand({}));
      const instance = Reservations?.[0]?.Instances?.[0];
      return { vpc: instance?.VpcId ?? '', clusterGroup: instance?.SecurityGroups?.[0]?.GroupId ?? '' };
    };

    it('`lab --kubeconfig` checks a cluster that it has not started, and leaves nothing in it', async () => {
      const main = join(root, 'src/cli/main.ts');
      const { code, stdout, stderr } = await run(
        process.execPath,
        [main, 'lab', '--kubeconfig', lab().kubeconfig, '--output', 'json'],
        {
          env: {
            ...process.env,
            ...lab().awsEnvironment,
            PATH: `${join(lab().kubeconfig, '../bin')}:${process.env['PATH']}`,
          },
        },
      );
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ agrees: true });
      expect((await lab().kubectl(['get', 'namespaces'])).stdout).not.toContain('branchline-check');
    });

    it('takes a new node in, and cleans up after it when it is removed', async () => {
      const added = JSON.parse(await lab().ok(['node', 'add', 'm5.large', '--output', 'json'])) as LabInstance;
      await allReady();
      const kube = lab().makeKube();
      try {
        const record = () => kube.get(resources.nodeNetworks, { name: added.name });
        await lab().until('a record of the node', record);
        await lab().ok(['node', 'remove', added.title]);
        await lab().until('the end of the record', async () => ((await record()) === undefined ? true : undefined));
        expect(await kube.get(resources.nodes, { name: added.name })).toBeUndefined();
      } finally {
        kube.close();
      }
      const { Reservations } = await lab().client.send(new DescribeInstancesCommand({ InstanceIds: [added.id] }));
      await lab().until('the end of its interfaces', async () => {
        const Filters = [{ Name: 'attachment.instance-id', Values: [added.id] }];
        const { NetworkInterfaces } = await lab().client.send(new DescribeNetworkInterfacesCommand({ Filters }));
        return NetworkInterfaces?.length === 0 ? true : undefined;
      });
      expect(['shutting-down', 'terminated']).toContain(Reservations?.[0]?.Instances?.[0]?.State?.Name);
    });

    describe('a reboot', () => {
      let groups: SampleGroups;
      let options: SampleOptions;

      beforeAll(async () => {
        const { vpc, clusterGroup } = await place();
        groups = await makeSampleGroups(lab().client, { vpc, clusterGroup });
        options = {
          ...lab(),
          ec2: createEc2(lab().client),
          vpc: { vpc, nodes: await lab().nodes() },
          step: (_, work) => work(),
          say: () => undefined,
          now: () => performance.now(),
        };
        await applyWorkloads(lab().kubectl, groups);
        await waitForWorkloads(lab().kubectl);
      });
      afterAll(async () => {
        await lab().kubectl(['delete', 'deployments', '--all', '--wait']);
        await lab().kubectl(['wait', '--for=delete', 'pods', '--all', '--timeout=180s']);
      });

      it('brings the node back with its pods, and every packet passes or not as before', async () => {
        const before = await listSamplePods(lab().kubectl);
        await lab().ok(['node', 'reboot', 'node-1']);
        const node = options.vpc.nodes[0]?.name;
        const restarted = before.filter((pod) => pod.node === node).map((pod) => pod.name);
        await lab().until('pods that have started again', async () => {
          const columns = '{range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount}{"\\n"}{end}';
          const { stdout } = await lab().kubectl(['get', 'pods', '-o', `jsonpath=${columns}`]);
          return restarted.every((pod) => stdout.includes(`${pod} 1`)) ? true : undefined;
        });
        await lab().kubectl(['wait', '--for=condition=Ready', 'pods', '--all', '--timeout=180s']);
        const { agrees, complaints } = await checkSample(options, groups);
        expect(complaints).toEqual([]);
        expect(agrees).toBe(true);
      });
    });
  });
}
