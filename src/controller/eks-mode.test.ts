import { afterEach, describe, expect, it } from 'vitest';

import { setKey } from '../core/groups/set-key.ts';
import { RECORD_PROTOCOL } from '../core/names.ts';
import type { CniNode, Pod } from '../kube/objects.ts';
import { resources } from '../kube/resources.ts';
import { type ControllerWorld, controllerWorld } from './testing/controller-world.ts';

const NODE = 'node-1';

describe('the controller in the mode eks', () => {
  const worlds: ControllerWorld[] = [];
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map((world) => world.stopAll()));
  });

  /** A node whose agent has spoken, and EKS's controller, as the test plays it. */
  const started = async ({ cniNode = true } = {}) => {
    const world = controllerWorld();
    worlds.push(world);
    world.start();
    await world.switchOn({ POD_GROUPS_MODE: 'eks' });
    const { instance } = await world.addNode(NODE);
    if (cniNode) await world.addCniNode(NODE);
    await world.settle();
    await world.setStatus(NODE, { protocol: RECORD_PROTOCOL });
    await world.settle();
    let vlan = 0;
    let trunk: string | undefined;
    /** @param more what the annotation says beside the truth. */
    const give = async (name: string, groups: readonly string[], more: object = {}, tags?: Record<string, string>) => {
      trunk ??= world.ec2.addTrunk({ instance, deviceIndex: 2, groups: [world.groups.node] });
      vlan += 1;
      const request = { trunk, vlan, groups, ...(tags === undefined ? {} : { tags }) };
      const { branch: eniId, association: associationID } = world.ec2.addBranch(request);
      const [made] = await world.ec2.interfaces({ ids: [eniId] });
      const entry = {
        eniId,
        ifAddress: made?.mac,
        privateIp: made?.primaryAddress,
        ipv6Addr: '',
        vlanId: vlan,
        subnetCidr: '10.0.0.0/20',
        subnetV6Cidr: '',
        associationID,
        ...more,
      };
      await world.annotateEni(name, JSON.stringify([entry]));
      return { trunk, branch: eniId, mac: made?.mac, address: made?.primaryAddress ?? '', vlan };
    };
    await world.addPolicy('web', {
      podSelector: { matchLabels: { app: 'web' } },
      securityGroups: { groupIds: [world.groups.web] },
    });
    /** Bound, with the group `web` by a policy. */
    const addWeb = (name: string) => world.addPod({ name, node: NODE, labels: { app: 'web' } });
    const codes = () => world.events().filter((event) => event.startsWith('Pod/'));
    return { world, give, addWeb, codes };
  };

  it('names in the record the branch interface that EC2 shows to be the pod’s, and makes none itself', async () => {
    const { world, give, addWeb, codes } = await started();
    const pod = await addWeb('web');
    await world.settle(10_000);
    const { trunk, branch, mac, address, vlan } = await give('web', [world.groups.web]);
    await world.settle(200);
    const { interfaces, sets, branches } = world.record(NODE).spec;
    expect(interfaces).toMatchObject([{ purpose: 'node' }, { id: trunk, purpose: 'trunk', deviceIndex: 2 }]);
    const place = { subnet: '10.0.0.0/20', gateway: '10.0.0.1' };
    const groups = [world.groups.web];
    expect(branches).toEqual([{ pod: pod.metadata.uid, id: branch, mac, trunk, vlan, ...place, groups, address }]);
    expect(sets).toMatchObject([{ key: setKey(groups), groups, interfaces: [], pods: [pod.metadata.uid] }]);
    expect(codes()).toEqual([]);
    expect(world.condition('web')).toBeUndefined();
    expect(world.mirrored().map(({ metadata }) => metadata.name)).toContain(world.groups.web);
    expect(world.ec2Writes()).toEqual(['assignAddresses']);
  });

  it('tells a pod that asks by annotation at once that policies decide, and one of a policy after a while', async () => {
    const { world, addWeb, codes } = await started();
    await addWeb('web');
    await world.addPod({ name: 'db', node: NODE, groups: world.groups.db });
    await world.settle(14_000);
    expect(codes()).toEqual(['Pod/db PodEniMissing']);
    expect(world.condition('db')).toMatchObject({ status: 'False', reason: 'PodEniMissing' });
    expect(world.condition('db')?.message).toContain('no SecurityGroupPolicy matches it');
    await world.settle(2000);
    expect(world.condition('web')).toMatchObject({ status: 'False', reason: 'PodEniMissing' });
    expect(world.record(NODE).spec.sets).toEqual([]);
  });

  it('asks EC2 about all that come together with one call, and not again while they run', async () => {
    const { world, give, addWeb } = await started();
    const names = ['a', 'b', 'c', 'd'];
    const given: string[] = [];
    for (const name of names) await addWeb(name);
    await world.settle(60_000);
    for (const name of names) given.push((await give(name, [world.groups.web])).address);
    const before = world.ec2.calls.length;
    await world.settle(200);
    expect(world.record(NODE).spec.branches).toHaveLength(4);
    const calls = world.ec2.calls.slice(before);
    expect(calls.filter(({ verb }) => verb === 'trunkAssociations')).toHaveLength(1);
    // The branches, and the instance whose trunk is new.
    expect(calls.filter(({ verb }) => verb === 'interfaces')).toHaveLength(3);
    for (const [index, name] of names.entries()) await world.setPodIp(name, given[index] ?? '');
    const then = world.ec2.calls.length;
    await world.settle(280_000);
    expect(world.ec2.calls.slice(then).filter(({ verb }) => verb === 'trunkAssociations')).toEqual([]);
    expect(world.ec2.calls.slice(then).filter(({ verb }) => verb === 'interfaces')).toEqual([]);
    await world.settle(60_000);
    expect(world.ec2.calls.slice(then).filter(({ verb }) => verb === 'interfaces')).toHaveLength(1);
    expect(world.record(NODE).spec.branches).toHaveLength(4);
  });

  it.each([
    ['another MAC', { ifAddress: '02:00:00:00:ff:ff' }, 'PodEniMismatch'],
    ['another address', { privateIp: '10.0.9.9' }, 'PodEniMismatch'],
    ['another VLAN id', { vlanId: 99 }, 'PodEniMismatch'],
    ['what cannot be read', { vlanId: '1' }, 'PodEniMalformed'],
  ])('gives nothing to a pod whose annotation says %s', async (_, more, reason) => {
    const { world, give, addWeb } = await started();
    await addWeb('web');
    await give('web', [world.groups.web], more);
    await world.settle(200);
    expect(world.condition('web')).toMatchObject({ status: 'False', reason });
    expect(world.record(NODE).spec.sets).toEqual([]);
    expect(world.record(NODE).spec).not.toHaveProperty('branches');
  });

  it('gives nothing to a pod whose branch has other groups, until it has the right ones', async () => {
    const { world, give, addWeb } = await started();
    await addWeb('web');
    const { branch } = await give('web', [world.groups.db]);
    await world.settle(200);
    expect(world.condition('web')).toMatchObject({ status: 'False', reason: 'PodEniMismatch' });
    world.ec2.setGroups(branch, [world.groups.web]);
    await world.settle(5000);
    expect(world.condition('web')).toMatchObject({ status: 'True' });
    expect(world.record(NODE).spec.branches).toMatchObject([{ id: branch }]);
  });

  it('tells a pod and its node that EC2 does not answer, and serves the pod once it does', async () => {
    const { world, give, addWeb } = await started();
    await addWeb('web');
    const { branch } = await give('web', [world.groups.web]);
    world.ec2.inject('interfaces', { kind: 'unreachable' }, 2);
    await world.settle(1000);
    expect(world.condition('web')).toMatchObject({ status: 'False', reason: 'Ec2Unreachable' });
    expect(world.events()).toContain(`Node/${NODE} Ec2Unreachable`);
    await world.settle(20_000);
    expect(world.condition('web')).toMatchObject({ status: 'True' });
    expect(world.record(NODE).spec.branches).toMatchObject([{ id: branch }]);
  });

  it('asks less and less often about a claim that does not come true', async () => {
    const { world, give, addWeb } = await started();
    await addWeb('web');
    await give('web', [world.groups.db]);
    await world.settle(120_000);
    const before = world.ec2.calls.length;
    await world.settle(600_000);
    const looks = world.ec2.calls.slice(before).filter(({ verb }) => verb === 'interfaces');
    expect(looks.length).toBeLessThanOrEqual(14);
  });

  it('believes tags where EC2 does not let it see associations, and nothing where there are none either', async () => {
    const { world, give, addWeb } = await started();
    const failure = { code: 'UnauthorizedOperation', message: 'You are not authorized', status: 403 };
    world.ec2.inject('trunkAssociations', { kind: 'refused', failure }, 100);
    await addWeb('tagged');
    await addWeb('bare');
    const { branch } = await give('tagged', [world.groups.web]);
    await give('bare', [world.groups.web], {}, {});
    await world.settle(20_000);
    expect(world.record(NODE).spec.branches).toMatchObject([{ id: branch }]);
    expect(world.condition('bare')).toMatchObject({ status: 'False', reason: 'PodEniUnproven' });
    expect(world.ec2.calls.filter(({ verb }) => verb === 'trunkAssociations')).toHaveLength(1);
  });

  it('waits for an agent that knows branches, and says so', async () => {
    const { world, give, addWeb } = await started();
    await world.setStatus(NODE, { protocol: 1 });
    await addWeb('web');
    await give('web', [world.groups.web]);
    await world.settle(200);
    expect(world.condition('web')).toMatchObject({ status: 'False', reason: 'AgentOutdated' });
    expect(world.record(NODE).spec.interfaces).toMatchObject([{ purpose: 'node' }]);
    await world.setStatus(NODE, { protocol: RECORD_PROTOCOL });
    await world.settle(200);
    expect(world.record(NODE).spec.branches).toHaveLength(1);
  });

  it('leaves running pods as they are when the mode changes', async () => {
    const { world, give, addWeb } = await started();
    const pod = await addWeb('on-branch');
    const { address } = await give('on-branch', [world.groups.web]);
    await world.settle(200);
    await world.setPodIp('on-branch', address);
    await world.switchTo({ POD_GROUPS_MODE: 'shared' });
    const other = await addWeb('shared');
    await world.settle();
    const { sets, branches, interfaces } = world.record(NODE).spec;
    expect(branches).toMatchObject([{ pod: pod.metadata.uid }]);
    expect(sets).toMatchObject([{ interfaces: [expect.any(String)], pods: [pod, other].map(uidOf).sort() }]);
    const wired = interfaces.find(({ purpose }) => purpose === 'groups')?.addresses[0] ?? '';
    await world.setPodIp('shared', wired);
    await world.switchTo({ POD_GROUPS_MODE: 'eks' });
    await world.settle();
    expect(world.record(NODE).spec.sets).toEqual(sets);
    expect(world.events().filter((event) => event.startsWith('Pod/shared'))).toEqual([]);
  });

  it('keeps the branches of running pods while a successor sees an EC2 that is behind or away', async () => {
    const { world, give, addWeb } = await started();
    const behind = await world.ec2.interfaces({});
    await addWeb('web');
    const { address } = await give('web', [world.groups.web]);
    await world.settle(200);
    await world.setPodIp('web', address);
    await world.settle();
    const before = world.record(NODE);
    await world.stopAll();
    const stopLag = world.ec2.answerInterfacesWith(behind);
    world.start();
    await world.settle(5000);
    expect(world.record(NODE).spec).toEqual(before.spec);
    stopLag();
    await world.settle(40_000);
    world.ec2.inject('interfaces', { kind: 'unreachable' }, 1000);
    await world.settle(900_000);
    expect(world.record(NODE).spec).toEqual(before.spec);
    await world.deletePod('web');
    await world.settle(200);
    expect(world.record(NODE).spec).not.toHaveProperty('branches');
  });

  it('asks EKS’s controller for the node’s trunk and branches, beside what others ask of it', async () => {
    const { world } = await started();
    const features = () =>
      world.kube.objects<CniNode>(resources.cniNodes).map(({ metadata: { name }, spec }) => [name, spec?.features]);
    const custom = { name: 'CustomNetworking', value: 'zone-a' };
    expect(features()).toEqual([[NODE, [custom, { name: 'SecurityGroupsForPods' }]]]);
    await world.stopAll();
    const before = features();
    world.start();
    await world.settle();
    expect(features()).toEqual(before);
  });

  it('tells a node that EKS’s controller knows nothing of, until it does', async () => {
    const { world } = await started({ cniNode: false });
    expect(world.events()).toEqual([`Node/${NODE} CninodeMissing`]);
    await world.addCniNode(NODE);
    await world.settle(20_000);
    expect(world.kube.objects<CniNode>(resources.cniNodes)[0]?.spec?.features).toHaveLength(2);
    expect(world.record(NODE).spec.interfaces).toHaveLength(1);
  });

  it('touches neither trunk nor branches when the node goes', async () => {
    const { world, give, addWeb } = await started();
    await addWeb('web');
    const { branch, trunk } = await give('web', [world.groups.web]);
    await world.settle(200);
    await world.kube.delete(resources.nodes, { name: NODE });
    await world.kube.delete(resources.nodeNetworks, { name: NODE });
    await world.settle(60_000);
    expect(world.records()).toEqual([]);
    expect(world.ec2Writes()).toEqual(['assignAddresses']);
    expect(await world.ec2.interfaces({ ids: [branch, trunk] })).toHaveLength(2);
  });
});

const uidOf = ({ metadata }: Pod): string => metadata.uid ?? '';
