import { afterEach, describe, expect, it } from 'vitest';

import { setKey } from '../core/groups/set-key.ts';
import { FINALIZER } from '../core/names.ts';
import type { Node } from '../kube/objects.ts';
import { resources } from '../kube/resources.ts';
import { type ControllerWorld, controllerWorld } from './testing/controller-world.ts';

describe('the controller', () => {
  const worlds: ControllerWorld[] = [];
  const started = (): ControllerWorld => {
    const world = controllerWorld();
    worlds.push(world);
    world.start();
    return world;
  };
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map((world) => world.stopAll()));
  });

  it('writes the record of a node at once and fills its interface with all that the type takes', async () => {
    const world = started();
    const { instance, primaryInterface } = await world.addNode('node-1');
    await world.settle();
    const { metadata, spec } = world.record('node-1');
    expect(metadata).toMatchObject({ finalizers: [FINALIZER], ownerReferences: [{ kind: 'Node', name: 'node-1' }] });
    expect(spec).toMatchObject({
      instance: { id: instance, type: 'm5.large', zone: 'us-west-2a' },
      vpc: { id: world.vpc, cidrs: ['10.0.0.0/16'] },
      interfaces: [
        {
          id: primaryInterface,
          purpose: 'node',
          subnet: '10.0.0.0/20',
          gateway: '10.0.0.1',
          groups: [world.groups.node],
        },
      ],
      sets: [],
    });
    expect(spec.interfaces[0]?.addresses).toHaveLength(9);
    expect(world.mirrored().map(({ metadata: { name } }) => name)).toEqual([world.groups.node]);
  });

  it('gives a pod that asks by name or id an interface with its groups and names it in the record', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    const web = await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    const db = await world.addPod({ name: 'db', node: 'node-1', groups: world.groups.db });
    await world.settle();
    const { interfaces, sets } = world.record('node-1').spec;
    const setOf = (group: string) => sets.find(({ key }) => key === setKey([group]));
    expect(setOf(world.groups.web)?.pods).toEqual([web.metadata.uid]);
    expect(setOf(world.groups.db)?.pods).toEqual([db.metadata.uid]);
    for (const group of [world.groups.web, world.groups.db]) {
      const serving = interfaces.filter(({ id }) => setOf(group)?.interfaces.includes(id) === true);
      expect(serving).toMatchObject([{ purpose: 'groups', groups: [group] }]);
      expect(serving[0]?.addresses).toHaveLength(2);
    }
    expect(
      world
        .mirrored()
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(Object.values(world.groups).sort());
    expect(world.events()).toEqual([]);
    expect(world.condition('web')).toBeUndefined();
  });

  it('makes no call to EC2 for a pod that joins a set with a free address', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'web-1', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    const before = world.ec2Writes();
    expect(before.sort()).toEqual(['assignAddresses', 'attachInterface', 'createInterface', 'setDeleteOnTermination']);
    await world.addPod({ name: 'web-2', node: 'node-1', groups: 'sg-web' });
    await world.settle(100);
    expect(world.record('node-1').spec.sets[0]?.pods).toHaveLength(2);
  });

  it('finds an interface again whose creation was never answered', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    world.ec2.inject('createInterface', { kind: 'lostAnswer' });
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle(10_000);
    const ours = await world.ec2.interfaces({ tags: { 'branchline.dev/set': setKey([world.groups.web]) } });
    expect(ours).toHaveLength(1);
    expect(world.record('node-1').spec.sets[0]?.interfaces).toEqual([ours[0]?.id]);
  });

  it('mirrors a group before any record names it', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.settle();
    world.kube.failNext('kube-unreachable', { verb: 'create', resource: resources.securityGroups });
    await world.addPod({ name: 'db', node: 'node-1', groups: world.groups.db });
    await world.settle(100);
    expect(world.record('node-1').spec.sets).toEqual([]);
    await world.settle();
    expect(world.record('node-1').spec.sets).toHaveLength(1);
  });

  it('passes a change of rules on with the next poll', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'db', node: 'node-1', groups: world.groups.db });
    await world.settle();
    world.ec2.setRules(world.groups.db, []);
    await world.settle(10_000);
    const db = world.mirrored().find(({ metadata }) => metadata.name === world.groups.db);
    expect(db?.spec.rules).toEqual([]);
  });

  it('looks once more at EC2 before it calls a group unknown', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.settle();
    world.ec2.addGroup({ vpc: world.vpc, groupName: 'fresh' });
    await world.addPod({ name: 'fresh', node: 'node-1', groups: 'fresh' });
    await world.settle(2000);
    expect(world.record('node-1').spec.sets).toHaveLength(1);
    await world.addPod({ name: 'lost', node: 'node-1', groups: 'nowhere' });
    await world.settle(2000);
    expect(world.events()).toEqual(['Pod/lost GroupUnknown']);
  });

  it('tells a pod that asks while the switch is off, and serves it once it is on', async () => {
    const world = started();
    await world.addNode('node-1');
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    expect(world.record('node-1').spec.sets).toEqual([]);
    expect(world.events()).toEqual(['Pod/web PodGroupsDisabled']);
    expect(world.condition('web')).toMatchObject({ status: 'False', reason: 'PodGroupsDisabled' });
    await world.switchOn();
    await world.settle();
    expect(world.record('node-1').spec.sets).toHaveLength(1);
    expect(world.condition('web')).toMatchObject({ status: 'True', reason: 'Served' });
  });

  it('tells node and waiting pods when EC2 refuses the credentials, and goes on by itself', async () => {
    const world = started();
    const failure = {
      code: 'AuthFailure',
      message: 'AWS was not able to validate the provided access credentials',
      status: 401,
    };
    world.ec2.inject('instances', { kind: 'refused', failure }, 2);
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle(500);
    expect(world.events().sort()).toEqual(['Node/node-1 Ec2CredentialsRefused', 'Pod/web Ec2CredentialsRefused']);
    await world.settle(10_000);
    expect(world.record('node-1').spec.sets).toHaveLength(1);
  });

  it('takes nothing away before it has seen all pods', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    await world.stopAll();
    world.kube.failNext('kube-unreachable', { verb: 'list', resource: resources.pods });
    const { controller } = world.start();
    await world.settle(100);
    expect(controller.isReady()).toBe(false);
    await world.settle(600_000);
    expect(controller.isReady()).toBe(true);
    expect(world.ec2Writes()).not.toContain('detachInterface');
    expect(world.record('node-1').spec.sets[0]?.pods).toHaveLength(1);
  });

  it('keeps an interface while the agent has addresses of it in use, then takes it away step by step', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    const pool = setKey([world.groups.web]);
    const [, serving] = world.record('node-1').spec.interfaces;
    /** As the agent, with so many addresses of the interface in use. */
    const say = (inUse: number) => {
      const { metadata, spec } = world.record('node-1');
      const releaseAcks = spec.sets.length > 0 ? [] : (serving?.addresses.slice(inUse) ?? []);
      return world.setStatus('node-1', { protocol: 1, appliedGeneration: metadata.generation ?? 0, releaseAcks });
    };
    await say(1);
    await world.deletePod('web');
    await world.settle(90_000);
    await say(1);
    await world.settle(90_000);
    expect(world.record('node-1').spec).toMatchObject({ sets: [], interfaces: [{}, { id: serving?.id }] });
    await say(0);
    await world.settle(1000);
    expect(world.record('node-1').spec.interfaces).toHaveLength(1);
    expect(world.ec2Writes()).not.toContain('detachInterface');
    await say(0);
    await world.settle(10_000);
    expect(world.ec2Writes().slice(-2)).toEqual(['detachInterface', 'deleteInterface']);
    expect(await world.ec2.interfaces({ tags: { 'branchline.dev/set': pool } })).toEqual([]);
  });

  it('deletes the interfaces of a node that has gone before it lets its record go', async () => {
    const world = started();
    await world.switchOn();
    const { instance } = await world.addNode('node-1');
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle(30_000);
    await world.kube.delete(resources.nodes, { name: 'node-1' });
    await world.settle();
    expect(world.records()).toHaveLength(1);
    // As the garbage collector, for the owner that is gone.
    await world.kube.delete(resources.nodeNetworks, { name: 'node-1' });
    await world.settle(10_000);
    expect(world.records()).toEqual([]);
    expect(await world.ec2.interfaces({ tags: { 'branchline.dev/instance': instance } })).toEqual([]);
  });

  it('deletes also what EC2 did not show at first of a node that has gone while no controller ran', async () => {
    const world = started();
    await world.switchOn();
    const { instance } = await world.addNode('node-1');
    await world.settle();
    const behind = await world.ec2.interfaces({});
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    await world.stopAll();
    await world.kube.delete(resources.nodes, { name: 'node-1' });
    await world.kube.delete(resources.nodeNetworks, { name: 'node-1' });
    const stopLag = world.ec2.answerInterfacesWith(behind);
    world.start();
    await world.settle(5000);
    stopLag();
    await world.settle(60_000);
    expect(world.records()).toEqual([]);
    expect(await world.ec2.interfaces({ tags: { 'branchline.dev/instance': instance } })).toEqual([]);
  });

  it('writes a record anew that was deleted under a living node, and touches no interface', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    const before = world.record('node-1');
    await world.kube.delete(resources.nodeNetworks, { name: 'node-1' });
    await world.settle();
    const after = world.record('node-1');
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(after.spec.interfaces).toEqual(before.spec.interfaces);
    expect(world.ec2Writes()).not.toContain('detachInterface');
  });

  it('goes on where a predecessor died between two calls, and asks for nothing twice', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.settle();
    world.ec2.inject('attachInterface', { kind: 'throttled' }, 5);
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle(100);
    await world.stopAll();
    const before = world.ec2Writes();
    expect(before).toContain('createInterface');
    world.start();
    await world.settle(600_000);
    const after = world.ec2Writes().slice(before.length);
    expect(after).not.toContain('createInterface');
    expect(world.record('node-1').spec.sets[0]?.interfaces).toHaveLength(1);
  });

  it('changes nothing when it is started again', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    await world.stopAll();
    const before = { writes: world.ec2Writes().length, record: world.record('node-1') };
    world.start();
    await world.settle();
    expect({ writes: world.ec2Writes().length, record: world.record('node-1') }).toEqual(before);
  });

  it('passes a new address range of the VPC on with nothing restarted', async () => {
    const world = started();
    await world.addNode('node-1');
    await world.settle();
    world.ec2.addCidr(world.vpc, '10.1.0.0/16');
    await world.settle(31_000);
    expect(world.record('node-1').spec.vpc.cidrs).toEqual(['10.0.0.0/16', '10.1.0.0/16']);
  });

  it('polls rules by a shorter interval as soon as the setting says so', async () => {
    const world = started();
    await world.addNode('node-1');
    await world.settle();
    const polls = () => world.ec2.calls.filter(({ verb }) => verb === 'securityGroups').length;
    await world.switchOn({ SECURITY_GROUP_POLL_SECONDS: '1' });
    const before = polls();
    await world.settle(5000);
    expect(polls() - before).toBeGreaterThanOrEqual(5);
  });

  it('takes a mirrored group away only some time after its last use', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    await world.deletePod('web');
    // No agent has ever spoken here, so the interface goes after its time of grace.
    await world.settle(100_000);
    expect(world.record('node-1').spec.interfaces).toHaveLength(1);
    expect(world.mirrored()).toHaveLength(2);
    await world.settle(100_000);
    expect(world.mirrored().map(({ metadata }) => metadata.name)).toEqual([world.groups.node]);
  });

  it('tells a node whose provider id names no instance, and comes back when it does', async () => {
    const world = started();
    await world.kube.create<Node>(resources.nodes, { metadata: { name: 'node-1' }, spec: { providerID: 'kind://x' } });
    await world.settle(120_000);
    expect(world.events()).toEqual(['Node/node-1 ProviderIdInvalid']);
    const { instance } = world.ec2.runInstance({ type: 'm5.large', subnet: world.subnet, groups: [world.groups.node] });
    const body = { spec: { providerID: `aws:///us-west-2a/${instance}` } };
    await world.kube.patch(resources.nodes, { name: 'node-1' }, { type: 'merge', body });
    await world.settle();
    expect(world.record('node-1').spec.instance.id).toBe(instance);
  });

  it('tells the pod when EC2 refuses what it needs', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    const failure = {
      code: 'UnauthorizedOperation',
      message: 'You are not authorized to perform this operation.',
      status: 403,
    };
    world.ec2.inject('createInterface', { kind: 'refused', failure });
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle(200);
    expect(world.events()).toEqual(['Pod/web Ec2Unauthorized']);
    await world.settle();
    expect(world.record('node-1').spec.sets[0]?.interfaces).toHaveLength(1);
  });

  it('serves other sets at once while EC2 refuses what one asks for, and asks for that less and less often', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.settle();
    const many = Array.from({ length: 6 }, (_, index) =>
      world.ec2.addGroup({ vpc: world.vpc, groupName: `g${index}` }),
    );
    await world.settle(11_000);
    await world.addPod({ name: 'greedy', node: 'node-1', groups: many.join() });
    await world.settle(60_000);
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle(100);
    const web = world.record('node-1').spec.sets.find(({ key }) => key === setKey([world.groups.web]));
    expect(web?.interfaces).toHaveLength(1);
    expect(world.events()).toEqual(['Pod/greedy GroupsTooMany']);
    const asked = () => world.ec2Writes().filter((verb) => verb === 'createInterface').length;
    const before = asked();
    await world.settle(600_000);
    expect(asked() - before).toBeLessThanOrEqual(40);
    expect(world.events()).toEqual(['Pod/greedy GroupsTooMany']);
  });

  it('asks EC2 what a type takes that is newer than its table', async () => {
    const world = started();
    await world.addNode('node-1', 'zz9.large');
    await world.settle();
    expect(world.events()).toEqual(['Node/node-1 InstanceTypeUnknown']);
    world.ec2.addType('zz9.large', { interfacesByCard: [2], addressesPerInterface: 5 });
    await world.settle(60_000);
    expect(world.record('node-1').spec.interfaces).toMatchObject([{ addresses: { length: 4 } }]);
  });

  it('does not believe a description that is behind what a predecessor did', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.settle();
    const behind = await world.ec2.interfaces({});
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    await world.stopAll();
    const before = world.record('node-1');
    const stopLag = world.ec2.answerInterfacesWith(behind);
    world.start();
    await world.settle(5000);
    expect(world.record('node-1')).toEqual(before);
    stopLag();
    await world.settle(40_000);
    expect(world.record('node-1')).toEqual(before);
    expect(world.ec2Writes().filter((verb) => verb === 'createInterface')).toHaveLength(1);
  });

  it('looks at the interfaces of all nodes with one call', async () => {
    const world = controllerWorld();
    worlds.push(world);
    for (let index = 0; index < 20; index++) await world.addNode(`node-${index}`);
    world.start();
    await world.settle();
    const looks = () => world.ec2.calls.filter(({ verb }) => verb === 'interfaces').length;
    expect(looks()).toBe(1);
    await world.settle(900_000);
    expect(looks()).toBeLessThanOrEqual(7);
    expect(world.ec2.calls.filter(({ verb }) => verb === 'instances')).toHaveLength(20);
  });

  it('tells where a setting stands that cannot be taken, and keeps the one before', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.settle();
    const body = { data: { ENABLE_POD_ENI: 'perhaps' } };
    await world.kube.patch(
      resources.configMaps,
      { name: 'aws-vpc-cni', namespace: 'kube-system' },
      { type: 'merge', body },
    );
    await world.settle();
    expect(world.events()).toEqual(['ConfigMap/aws-vpc-cni SettingInvalid']);
    await world.addPod({ name: 'web', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    expect(world.record('node-1').spec.sets).toHaveLength(1);
  });

  it('tells nodes that EC2 is not read any more', async () => {
    const world = started();
    await world.addNode('node-1');
    await world.settle();
    world.ec2.inject('securityGroups', { kind: 'unreachable' }, 2);
    await world.settle(15_000);
    expect(world.events()).toEqual(['Node/node-1 Ec2Unreachable']);
  });

  it('places a pod in a set with a warm address while EC2 has not answered for long', async () => {
    const world = started();
    await world.switchOn();
    await world.addNode('node-1');
    await world.addPod({ name: 'web-1', node: 'node-1', groups: 'sg-web' });
    await world.settle();
    for (const verb of ['interfaces', 'securityGroups', 'assignAddresses'] as const) {
      world.ec2.inject(verb, { kind: 'unreachable' }, 1000);
    }
    await world.settle(900_000);
    await world.addPod({ name: 'web-2', node: 'node-1', groups: 'sg-web' });
    await world.settle(100);
    expect(world.record('node-1').spec.sets[0]?.pods).toHaveLength(2);
    expect(world.events()).toContain('Node/node-1 Ec2Unreachable');
  });
});
