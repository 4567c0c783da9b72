/**
 * What breaks on a real day, broken on purpose: daemons die between two calls, EC2 throttles and loses
 * answers, nodes lose what others wrote. Order and outcome are asserted, never times.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteSecurityGroupCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { setKey } from '../../src/core/groups/set-key.ts';
import { POD_CONDITION, SECURITY_GROUPS_ANNOTATION } from '../../src/core/names.ts';
import type { NodeNetwork } from '../../src/core/records/node-network.ts';
import { resources } from '../../src/kube/resources.ts';
import { switchPodGroups } from '../../src/lab/scenarios/path/install.ts';
import { type LabInstance, makeGroup } from '../../src/lab/vpc.ts';
import type { SharedLab } from '../lab/shared-lab.ts';
import { controllerIsReady, killAgent, killController } from './daemons.ts';
import { type FaultLab, openFaultLab } from './fault-lab.ts';
import { allRunning, get, type PodRequest, podsOn, remove, running, start, told } from './pods.ts';
import { killSandbox, sandboxes } from './sandboxes.ts';
import { agree, record, setInterfaces } from './witness.ts';

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

export function faults(shared: () => SharedLab): void {
  describe('when things break', () => {
    let lab: FaultLab;
    let first: LabInstance;
    let second: LabInstance;
    const group: Record<string, string> = {};

    beforeAll(async () => {
      lab = await openFaultLab(shared());
      [first, second] = lab.vpc.nodes as [LabInstance, LabInstance];
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
        group[name] = await makeGroup(lab.client, { vpc: lab.vpc.vpc, name, description: name, nameTag: `sg-${name}` });
      }
    });
    afterAll(() => lab?.kube.close());

    const setOf = async (node: LabInstance, ...members: readonly string[]) => {
      const key = setKey(members.map((name) => group[name] ?? ''));
      return (await record(lab, node)).spec.sets.find((set) => set.key === key);
    };

    const removeAll = async (...nodes: readonly LabInstance[]): Promise<void> => {
      const all = await Promise.all(nodes.map(({ name }) => podsOn(lab, name)));
      await remove(lab, ...all.flat());
    };

    it('refuses what cannot be served, says why, and serves the pods beside it', async () => {
      const { Vpc } = await lab.client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
      const foreign = await makeGroup(lab.client, { vpc: Vpc?.VpcId ?? '', name: 'foreign', description: 'foreign' });
      const account = {
        metadata: { name: 'asker', namespace: 'default', annotations: { [SECURITY_GROUPS_ANNOTATION]: 'sg-a' } },
      };
      await lab.kube.create(resources.serviceAccounts, account);
      await start(
        lab,
        { name: 'malformed', node: first, groups: 'sg-a,,x' },
        { name: 'unknown', node: first, groups: 'nobody' },
        { name: 'foreign', node: first, groups: foreign },
        { name: 'greedy', node: first, groups: Object.values(group).join() },
        { name: 'asking', node: first, serviceAccount: 'asker' },
        { name: 'hosted', node: first, groups: 'sg-a', hostNetwork: true },
      );
      await Promise.all([
        told(lab, 'malformed', 'GroupsAnnotationMalformed'),
        told(lab, 'unknown', 'GroupUnknown'),
        told(lab, 'foreign', 'GroupUnknown'),
        told(lab, 'greedy', 'GroupsTooMany'),
      ]);
      expect((await get(lab, 'greedy'))?.status?.conditions).toContainEqual(
        expect.objectContaining({ type: POD_CONDITION, status: 'False', reason: 'GroupsTooMany' }),
      );
      await running(lab, 'asking');
      expect((await setOf(first, 'a'))?.pods).toEqual([(await get(lab, 'asking'))?.metadata.uid]);
      expect(await running(lab, 'hosted')).toBe(first.address);
      for (const name of ['malformed', 'unknown', 'foreign', 'greedy']) {
        expect((await get(lab, name))?.status?.podIP, name).toBeUndefined();
      }
      await remove(lab, 'malformed', 'unknown', 'foreign', 'greedy', 'hosted');
    });

    it('gives a set its slot when another one has gone, though the controller dies in every call on the way', async () => {
      const die = async (call: string, act?: () => Promise<void>): Promise<void> => {
        await lab.fault(call, { kind: 'withhold-answer' });
        await act?.();
        await lab.faultsSpent();
        await killController(lab);
      };
      await die('CreateNetworkInterface', () => start(lab, { name: 'b-0', node: first, groups: 'sg-b' }));
      await die('AttachNetworkInterface');
      await die('ModifyNetworkInterfaceAttribute');
      await running(lab, 'b-0');
      await die('AssignPrivateIpAddresses', () => start(lab, { name: 'b-1', node: first, groups: 'sg-b' }));
      await allRunning(lab, 'b-0', 'b-1');
      const interfaces = await setInterfaces(lab, first);
      expect(new Set(interfaces.map(({ groups }) => groups.join()))).toEqual(new Set([group['a'], group['b']]));
      expect(interfaces).toHaveLength(2);

      await start(lab, { name: 'c-0', node: first, groups: 'sg-c' });
      expect(await told(lab, 'c-0', 'InterfaceSlotsExhausted')).toContain('larger instance type');
      await die('DetachNetworkInterface', () => remove(lab, 'b-0', 'b-1'));
      await die('DeleteNetworkInterface');
      await running(lab, 'c-0');
      await agree(lab, first);
      expect(await setInterfaces(lab, first)).toHaveLength(2);
      await remove(lab, 'asking', 'c-0');
    });

    it('makes nothing twice when answers are lost', async () => {
      for (const call of [
        'CreateNetworkInterface',
        'AttachNetworkInterface',
        'ModifyNetworkInterfaceAttribute',
        'AssignPrivateIpAddresses',
      ]) {
        await lab.fault(call, { kind: 'lose-answer' });
      }
      await controllerIsReady(lab);
      await start(lab, ...names('d', 3).map((name) => ({ name, node: second, groups: 'sg-d' })));
      await allRunning(lab, ...names('d', 3));
      await lab.faultsSpent();
      expect(await setInterfaces(lab, second)).toHaveLength(1);
      await agree(lab, second);
    });

    it('goes on when EC2 throttles', async () => {
      const throttled = {
        kind: 'fail',
        code: 'RequestLimitExceeded',
        message: 'Request limit exceeded.',
        status: 503,
      } as const;
      for (const call of ['CreateNetworkInterface', 'AttachNetworkInterface', 'DescribeNetworkInterfaces']) {
        await lab.fault(call, throttled, 4);
      }
      await start(lab, { name: 'e-0', node: second, groups: 'sg-e' });
      await running(lab, 'e-0');
      expect(await setInterfaces(lab, second)).toHaveLength(2);
      await remove(lab, 'e-0');
    });

    it('serves a burst of pods whose agent dies in the middle, each with an address of its own', async () => {
      const grouped = names('burst', 14).map((name): PodRequest => ({ name, node: second, groups: 'sg-d' }));
      const plain = names('plain', 6).map((name): PodRequest => ({ name, node: second }));
      await start(lab, ...grouped, ...plain);
      const all = [...grouped, ...plain].map(({ name }) => name);
      await lab.until('the first pods of the burst', () => (sandboxes(lab, second).size > 5 ? true : undefined));
      killAgent(lab, second);
      const addresses = await allRunning(lab, ...all, ...names('d', 3));
      expect(new Set(addresses).size).toBe(addresses.length);
      await agree(lab, second);
      await remove(lab, ...all.slice(1));
    });

    it('keeps pods and serves new ones when containerd and the kubelet have been killed', async () => {
      const before = sandboxes(lab, second);
      await Promise.all(['kubelet', 'containerd'].map((part) => lab.part('kill', `${part}@${second.name}`)));
      await lab.part('start', `containerd@${second.name}`);
      await lab.until('containerd', () => lab.on(second, 'ctr', '--connect-timeout', '1s', 'version'));
      await lab.part('start', `kubelet@${second.name}`);
      await start(lab, { name: 'after-restart', node: second, groups: 'sg-d' });
      await running(lab, 'after-restart');
      for (const [name, id] of before) expect(sandboxes(lab, second).get(name), name).toBe(id);
      await agree(lab, second);
      await remove(lab, 'after-restart');
    });

    it('puts back what somebody has taken away from a node', async () => {
      const files = ['/etc/cni/net.d/05-branchline.conflist', '/opt/cni/bin/branchline-cni'];
      await lab.on(second, 'rm', ...files);
      await lab.on(second, 'nft', 'flush', 'ruleset');
      // What it wrote itself, kube-proxy does not miss; without it nobody on the node reaches the API server.
      await lab.part('kill', `kube-proxy@${second.name}`);
      await lab.part('start', `kube-proxy@${second.name}`);
      await lab.on(second, 'ip', 'rule', 'del', 'priority', '700');
      await lab.until('plugin and configuration list', () => lab.on(second, 'stat', ...files));
      await agree(lab, second);
      await start(lab, { name: 'after-repair', node: second, groups: 'sg-d' });
      await running(lab, 'after-repair');
      await remove(lab, 'after-repair');
    });

    it('serves from what it was told while the API server is away, and goes on when it is back', async () => {
      const anotherSandbox = async (pod: string): Promise<void> => {
        const before = sandboxes(lab, second).get(pod) ?? '';
        killSandbox(before);
        await lab.until(`another sandbox of ${pod}`, () => {
          const now = sandboxes(lab, second).get(pod);
          return now === undefined || now === before ? undefined : true;
        });
      };
      await lab.part('pause', 'apiserver');
      await anotherSandbox('d-0');
      await lab.part('resume', 'apiserver');
      await lab.part('kill', 'apiserver');
      killAgent(lab, second);
      await anotherSandbox('d-1');
      await lab.part('start', 'apiserver');
      await lab.until('the API server', () => lab.kubectl(['get', '--raw', '/readyz']));
      await start(lab, { name: 'after-outage', node: first, groups: 'sg-e' });
      await running(lab, 'after-outage');
      await agree(lab, first, second);
      await remove(lab, 'after-outage');
    });

    it('starts pods of a set with a warm address while the cloud is away, and those of others when it is back', async () => {
      await lab.part('kill', 'cloud');
      await start(lab, { name: 'warm', node: second, groups: 'sg-d' }, { name: 'cold', node: first, groups: 'sg-f' });
      await running(lab, 'warm');
      expect((await get(lab, 'cold'))?.status?.podIP).toBeUndefined();
      await lab.part('start', 'cloud');
      await running(lab, 'cold');
      await agree(lab, first, second);
    });

    it('knows a pod from its predecessor of the same name, and gets addresses back from pods that have finished', async () => {
      await remove(lab, 'd-0');
      await start(lab, { name: 'd-0', node: second }, { name: 'job', node: second, groups: 'sg-d', command: ['true'] });
      const address = await running(lab, 'd-0');
      const [own] = (await record(lab, second)).spec.interfaces;
      expect(own?.addresses).toContain(address);
      expect((await setOf(second, 'd'))?.pods).not.toContain((await get(lab, 'd-0'))?.metadata.uid);
      await lab.until('the end of the job', async () =>
        (await get(lab, 'job'))?.status?.phase === 'Succeeded' ? true : undefined,
      );
      const uid = (await get(lab, 'job'))?.metadata.uid ?? '';
      await lab.until('the return of its address', async () => {
        expect(sandboxes(lab, second).has('job')).toBe(false);
        expect((await setOf(second, 'd'))?.pods).not.toContain(uid);
        return true;
      });
      await agree(lab, second);
      await remove(lab, 'job', 'd-0');
    });

    it('follows a group’s name, and EC2 keeps a group that is in use', async () => {
      await expect(lab.client.send(new DeleteSecurityGroupCommand({ GroupId: group['d'] }))).rejects.toMatchObject({
        name: 'DependencyViolation',
      });
      const Tags = [{ Key: 'Name', Value: 'sg-renamed' }];
      await lab.client.send(new CreateTagsCommand({ Resources: [group['d'] ?? ''], Tags }));
      await start(lab, { name: 'by-new-name', node: second, groups: 'sg-renamed' });
      await running(lab, 'by-new-name');
      expect((await setOf(second, 'd'))?.pods).toContain((await get(lab, 'd-1'))?.metadata.uid);
      expect((await setOf(second, 'd'))?.pods).toContain((await get(lab, 'by-new-name'))?.metadata.uid);
      await lab.client.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: group['d'],
          IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '10.0.0.0/16' }] }],
        }),
      );
      await remove(lab, 'by-new-name');
    });

    // On one node each, and one of them waits for a cooldown.
    it.concurrent('keeps pods that run when the switch goes off, and the last valid value when it becomes nonsense', async () => {
      const before = sandboxes(lab, second).get('d-1');
      await switchPodGroups(lab.kubectl, false);
      await start(lab, { name: 'refused', node: second, groups: group['d'] ?? '' });
      await told(lab, 'refused', 'PodGroupsDisabled');
      await switchPodGroups(lab.kubectl, true);
      await running(lab, 'refused');
      await lab.kube.patch(
        resources.configMaps,
        { name: 'aws-vpc-cni', namespace: 'kube-system' },
        { type: 'merge', body: { data: { ENABLE_POD_ENI: 'perhaps' } } },
      );
      await told(lab, 'aws-vpc-cni', 'SettingInvalid');
      await start(lab, { name: 'still-on', node: second, groups: group['d'] ?? '' });
      await running(lab, 'still-on');
      expect(sandboxes(lab, second).get('d-1')).toBe(before);
      await switchPodGroups(lab.kubectl, true);
      // From here on nobody needs the interfaces of this node: their time of grace passes while the other one is broken.
      await removeAll(second);
    });

    it.concurrent('tells plain pods beyond what a node takes, and serves them when others go', async () => {
      const all = names('crowd', 11);
      await start(lab, ...all.map((name) => ({ name, node: first })));
      const waiting = await lab.until('pods without an address', async () => {
        const pods = await Promise.all(all.map((name) => get(lab, name)));
        const without = pods.filter((pod) => pod?.status?.phase !== 'Running').map((pod) => pod?.metadata.name ?? '');
        return without.length > 0 && without.length <= 4 ? without : undefined;
      });
      const [one = ''] = waiting;
      expect(await told(lab, one, 'AddressesExhausted')).toContain('m5.large');
      const gone = all.filter((name) => !waiting.includes(name)).slice(0, waiting.length);
      await remove(lab, ...gone);
      await allRunning(lab, ...waiting);
      await remove(lab, ...all.filter((name) => !gone.includes(name)));
    });

    it('takes the interfaces of a node away that is deleted, and begins anew when it comes back', async () => {
      const { uid } = (await record(lab, first)).metadata;
      await lab.part('kill', `kubelet@${first.name}`);
      await lab.kube.delete(resources.nodes, { name: first.name });
      await lab.until('the end of the record', async () => {
        const found = await lab.kube.get<NodeNetwork>(resources.nodeNetworks, { name: first.name });
        return found === undefined ? true : undefined;
      });
      expect(await setInterfaces(lab, first)).toEqual([]);
      await lab.part('start', `kubelet@${first.name}`);
      await lab.until('the node', () => lab.kubectl(['get', 'node', first.name]));
      await start(lab, { name: 'anew', node: first, groups: 'sg-a' });
      await running(lab, 'anew');
      expect((await record(lab, first)).metadata.uid).not.toBe(uid);
      await remove(lab, 'anew');
    });

    it('leaves nothing behind that nobody wants', async () => {
      await removeAll(first, second);
      await lab.until('the end of all interfaces that were made for pods', async () =>
        (await setInterfaces(lab)).length === 0 ? true : undefined,
      );
      await agree(lab, first, second);
      for (const node of [first, second]) expect((await record(lab, node)).spec.sets).toEqual([]);
    });
  });
}
