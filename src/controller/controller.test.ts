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
    await world.switchOn();
    await world.settle();
    expect(world.record('node-1').spec.sets).toHaveLength(1);
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
    const say = (inUse: number) => {
      const { generation } = world.record('node-1').metadata;
      const status = { protocol: 1, pools: [{ pool, inUse, wanted: inUse, cooling: 0 }] };
      return world.setStatus(
        'node-1',
        generation === undefined ? status : { ...status, appliedGeneration: generation },
      );
    };
    await say(1);
    await world.deletePod('web');
    await world.settle(90_000);
    await say(1);
    await world.settle(90_000);
    expect(world.record('node-1').spec.interfaces).toHaveLength(2);
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
    await world.settle();
    await world.kube.delete(resources.nodes, { name: 'node-1' });
    await world.settle();
    expect(world.records()).toHaveLength(1);
    // As the garbage collector, for the owner that is gone.
    await world.kube.delete(resources.nodeNetworks, { name: 'node-1' });
    await world.settle(10_000);
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
});
