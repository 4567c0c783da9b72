import { afterEach, describe, expect, it } from 'vitest';

import { type ControllerWorld, controllerWorld } from '../testing/controller-world.ts';

describe('prefix lists that rules name', () => {
  const worlds: ControllerWorld[] = [];
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map((world) => world.stopAll()));
  });
  /** A pod whose group lets in what a list names. */
  const started = async () => {
    const world = controllerWorld();
    worlds.push(world);
    const list = world.ec2.addPrefixList(['10.0.2.0/24', '10.0.1.0/24']);
    const group = world.ec2.addGroup({
      vpc: world.vpc,
      groupName: 'by-list',
      rules: [{ direction: 'ingress', protocol: '-1', peer: { kind: 'prefixList', prefixList: list } }],
    });
    await world.switchOn({ SECURITY_GROUP_POLL_SECONDS: '10' });
    await world.addNode('node-1');
    await world.addPod({ name: 'one', node: 'node-1', groups: group });
    const spec = () => world.mirrored().find(({ metadata }) => metadata.name === group)?.spec;
    const reads = () => world.ec2.calls.filter(({ verb }) => verb === 'prefixListEntries').length;
    return { world, list, group, spec, reads };
  };

  it('are in the record of a group as soon as it is there, and follow EC2', async () => {
    const { world, list, spec, reads } = await started();
    world.start();
    await world.settle();
    expect(spec()?.prefixLists).toEqual({ [list]: ['10.0.1.0/24', '10.0.2.0/24'] });
    await world.settle(60_000);
    expect(reads()).toBe(1);
    world.ec2.setEntries(list, ['10.0.3.0/24']);
    await world.settle(11_000);
    expect(spec()?.prefixLists).toEqual({ [list]: ['10.0.3.0/24'] });
    expect(reads()).toBe(2);
    expect(world.events()).toEqual([]);
  });

  it('cost no call while no rule names one', async () => {
    const world = controllerWorld();
    worlds.push(world);
    await world.switchOn();
    await world.addNode('node-1');
    world.start();
    await world.settle(60_000);
    expect(world.ec2.calls.filter(({ verb }) => verb.startsWith('prefixList'))).toEqual([]);
  });

  it('that cannot be read match nothing, hold up no pod, and are told on the group', async () => {
    const { world, group, spec } = await started();
    const failure = { code: 'UnauthorizedOperation', message: 'You are not authorized.', status: 403 };
    world.ec2.inject('prefixLists', { kind: 'refused', failure }, 2);
    world.start();
    await world.settle();
    expect(world.record('node-1').spec.sets).toHaveLength(1);
    expect(spec()).not.toHaveProperty('prefixLists');
    expect(world.events()).toEqual([`SecurityGroup/${group} PrefixListUnreadable`]);
    await world.settle(30_000);
    expect(Object.keys(spec()?.prefixLists ?? {})).toHaveLength(1);
  });

  it('keep the entries that were last read while EC2 does not answer, also for a controller that has just started', async () => {
    const { world, list, spec } = await started();
    const { stop } = world.start();
    await world.settle();
    await stop();
    world.ec2.inject('prefixLists', { kind: 'unreachable' }, 3);
    world.start();
    await world.settle(15_000);
    expect(spec()?.prefixLists).toEqual({ [list]: ['10.0.1.0/24', '10.0.2.0/24'] });
  });

  it('match nothing when EC2 shows them no more', async () => {
    const { world, list, group, spec } = await started();
    world.start();
    await world.settle();
    world.ec2.removePrefixList(list);
    await world.settle(11_000);
    expect(spec()).not.toHaveProperty('prefixLists');
    expect(world.events()).toEqual([`SecurityGroup/${group} PrefixListUnreadable`]);
  });
});
