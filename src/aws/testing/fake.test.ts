import { describe, expect, it } from 'vitest';

import { contractEntries, contractEntriesBefore, ec2Contract } from '../ec2.suite.ts';
import { fakeEc2 } from './fake.ts';

/** The world that the contract suite asks for. */
function contractWorld(settlingReads: number) {
  const ec2 = fakeEc2({ settlingReads });
  const cidrs = ['10.0.0.0/16', '100.64.0.0/16'];
  const zone = 'us-west-2a';
  const vpc = ec2.addVpc({ cidrs });
  const subnetCidr = '10.0.0.0/24';
  const subnet = ec2.addSubnet({ vpc, zone, cidr: subnetCidr });
  const smallSubnet = ec2.addSubnet({ vpc, zone, cidr: '10.0.1.0/28' });
  const web = ec2.addGroup({ vpc, groupName: 'web', nameTag: 'sg-web' });
  const everywhere = { kind: 'cidr', cidr: '0.0.0.0/0' } as const;
  const db = ec2.addGroup({
    vpc,
    groupName: 'db',
    rules: [
      { direction: 'egress', protocol: '-1', peer: everywhere },
      { direction: 'ingress', protocol: 'icmp', fromPort: -1, toPort: -1, peer: everywhere },
      { direction: 'ingress', protocol: 'tcp', fromPort: 5432, toPort: 5432, peer: { kind: 'group', group: web } },
      { direction: 'ingress', protocol: 'tcp', fromPort: 80, toPort: 90, peer: { kind: 'cidr', cidr: '10.1.0.0/16' } },
    ],
  });
  const { instance } = ec2.runInstance({ type: 't3.small', subnet, groups: [web] });
  const prefixList = ec2.addPrefixList(contractEntriesBefore);
  ec2.setEntries(prefixList, contractEntries);
  return { ec2, vpc, cidrs, zone, subnet, subnetCidr, smallSubnet, instance, web, db, prefixList };
}

ec2Contract({ name: 'the fake', makeWorld: async () => contractWorld(0) });
ec2Contract({ name: 'the fake, slow to attach', makeWorld: async () => contractWorld(2) });

describe('the fake’s faults', () => {
  const request = (world: ReturnType<typeof contractWorld>) => ({
    subnet: world.subnet,
    groups: [world.web],
    description: '',
    tags: {},
    clientToken: 'token',
    secondaryAddresses: 1,
  });

  it('throttle as often as they are told to', async () => {
    const { ec2, vpc } = contractWorld(0);
    ec2.inject('subnets', { kind: 'throttled' }, 2);
    await expect(ec2.subnets(vpc)).rejects.toMatchObject({ code: 'ec2-throttled' });
    await expect(ec2.subnets(vpc)).rejects.toMatchObject({ code: 'ec2-throttled' });
    expect(await ec2.subnets(vpc)).toHaveLength(2);
  });

  it('lose an answer after the call took effect, so that its token finds what it made', async () => {
    const world = contractWorld(0);
    const before = await world.ec2.interfaces({});
    world.ec2.inject('createInterface', { kind: 'lostAnswer' });
    await expect(world.ec2.createInterface(request(world))).rejects.toMatchObject({ code: 'ec2-unreachable' });
    const made = await world.ec2.createInterface(request(world));
    const after = await world.ec2.interfaces({});
    expect(after.map(({ id }) => id)).toEqual([...before.map(({ id }) => id), made.id]);
  });

  it('lose a call before it took effect', async () => {
    const world = contractWorld(0);
    const before = await world.ec2.interfaces({});
    world.ec2.inject('createInterface', { kind: 'unreachable' });
    await expect(world.ec2.createInterface(request(world))).rejects.toMatchObject({ code: 'ec2-unreachable' });
    expect(await world.ec2.interfaces({})).toEqual(before);
  });

  it('answer as EC2 would with any other code', async () => {
    const world = contractWorld(0);
    const failure = { code: 'UnauthorizedOperation', message: 'You are not authorized', status: 403 };
    world.ec2.inject('assignAddresses', { kind: 'refused', failure });
    await expect(world.ec2.assignAddresses({ interface: 'eni-0', count: 1 })).rejects.toMatchObject({
      code: 'ec2-unauthorized',
      detail: expect.stringMatching(/^UnauthorizedOperation: /) as string,
    });
  });
});

describe('the fake', () => {
  it('gives no more groups than the quota', async () => {
    const ec2 = fakeEc2({ groupsPerInterface: 1 });
    const vpc = ec2.addVpc({ cidrs: ['10.0.0.0/16'] });
    const subnet = ec2.addSubnet({ vpc, zone: 'a', cidr: '10.0.0.0/24' });
    const groups = ['one', 'two'].map((groupName) => ec2.addGroup({ vpc, groupName }));
    const request = { subnet, groups, description: '', tags: {}, clientToken: 'token', secondaryAddresses: 0 };
    await expect(ec2.createInterface(request)).rejects.toMatchObject({ code: 'groups-too-many' });
  });

  it('takes with a terminated instance the interfaces that are to go with it, and frees the others', async () => {
    const { ec2, instance, subnet, web } = contractWorld(0);
    const make = (clientToken: string) =>
      ec2.createInterface({ subnet, groups: [web], description: '', tags: {}, clientToken, secondaryAddresses: 0 });
    const [stays, goes] = [await make('stays'), await make('goes')];
    await ec2.attachInterface({ interface: stays.id, instance, deviceIndex: 1, card: 0 });
    const { attachment } = await ec2.attachInterface({ interface: goes.id, instance, deviceIndex: 2, card: 0 });
    await ec2.setDeleteOnTermination({ interface: goes.id, attachment });
    ec2.terminateInstance(instance);
    expect(await ec2.interfaces({})).toMatchObject([{ id: stays.id, status: 'available' }]);
    expect(await ec2.instances([instance])).toMatchObject([{ state: 'terminated' }]);
  });
});
