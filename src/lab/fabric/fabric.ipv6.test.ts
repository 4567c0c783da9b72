/** IPv6 in the VPC, with real packets. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { prefix, prefix4, prefix6 } from '../../core/address/prefix.ts';
import type { RouteTarget } from '../../core/vpc/model.ts';
import { describeAsRoot } from '../../linux/testing/as-root.ts';
import { lab } from '../names.ts';
import type { FabricWorld } from './port.ts';
import { aGroup, allow, anInterface, aWorld } from './testing/builders.ts';
import { scratchVpc } from './testing/scratch-vpc.ts';

const vpc = scratchVpc('s');
const HOST = lab.outsideHost.address6;
const a = anInterface({
  netns: vpc.netns('a'),
  groups: ['sg-web'],
  addresses6: ['2001:db8:1:10::a'],
  prefixes6: ['2001:db8:1:10:1::/80'],
});
const b = anInterface({
  id: 'eni-b',
  mac: '06:00:00:00:00:0b',
  netns: vpc.netns('b'),
  addresses: ['10.0.0.20'],
  addresses6: ['2001:db8:1:10::b', '2001:db8:1:10::bb'],
  groups: ['sg-db'],
});
const everything = [allow('egress', 'all', '0.0.0.0/0'), allow('egress', 'all', '::/0')];
const world = aWorld({
  cidrs6: [prefix6('2001:db8:1::/56')],
  subnets: [{ cidr: prefix4('10.0.0.0/20'), cidr6: prefix6('2001:db8:1:10::/64') }],
  interfaces: [a, b],
  groups: [
    aGroup('sg-web', everything),
    aGroup('sg-db', [
      ...everything,
      allow('ingress', 'tcp 5432', 'sg-web'),
      allow('ingress', 'udp 53', '2001:db8:1:10::a/128'),
      allow('ingress', 'icmpv6 128/-1', '::/0'),
      allow('ingress', 'tcp 80', 'pl-6'),
      allow('ingress', 'tcp 443', '0.0.0.0/0'),
    ]),
  ],
  prefixLists: { 'pl-6': [prefix6('2001:db8:1:10:1::/80')] },
});
const out = (kind: 'internetGateway' | 'egressOnlyGateway'): Partial<FabricWorld> => {
  const target: RouteTarget = { kind, id: 'gw-1' };
  return { subnets: world.subnets.map((subnet) => ({ ...subnet, routes: [{ destination: prefix('::/0'), target }] })) };
};

describeAsRoot('IPv6', () => {
  beforeAll(async () => {
    await vpc.add('a', '2001:db8:1:10::a', '2001:db8:1:10:1::7');
    await vpc.add('b', '2001:db8:1:10::b', '2001:db8:1:10::bb');
    vpc.sync(world);
    await vpc.add('outside', HOST);
    const pods = [
      ['a', '2001:db8:1:10:1::7'],
      ['b', '2001:db8:1:10::bb'],
      ['a', '2001:db8:1:10::bad'],
    ] as const;
    for (const [instance, address] of pods) {
      vpc.instances.ip(vpc.netns(instance), 'addr', 'add', `${address}/128`, 'dev', 'lo', 'nodad');
    }
  });
  afterAll(() => vpc.destroy());

  it('passes as the groups say, to addresses and prefixes', async () => {
    const open = [
      'a → b tcp 5432',
      'a → b@2001:db8:1:10::bb tcp 5432',
      'a@2001:db8:1:10:1::7 → b tcp 5432',
      'a → b udp 53',
      'a → b icmpv6 128/0',
      'a@2001:db8:1:10:1::7 → b tcp 80',
    ];
    const closed = [
      'a → b tcp 80',
      'a → b tcp 443',
      'b → a tcp 80',
      'a@2001:db8:1:10:1::7 → b udp 53',
      'a → b icmpv6 129/0',
      'a@2001:db8:1:10::bad → b icmpv6 128/0',
    ];
    expect(await vpc.wrong({ open, closed })).toEqual([]);
  });

  it('is routed by a router at fe80:ec2::1, which answers as itself', () => {
    expect(vpc.instances.ip(vpc.netns('a'), '-6', 'route')).toContain('default via fe80:ec2::1 dev eth0');
    expect(vpc.instances.ip(vpc.netns('a'), '-6', 'neigh')).toMatch(/fe80:ec2::1 dev eth0 lladdr \S+ router/);
  });

  it('leaves by an internet gateway as itself, and comes in by it', async () => {
    const inwards = 'outside → b icmpv6 128/0';
    expect(await vpc.wrong({ closed: [`a → ${HOST} tcp 80`, inwards] })).toEqual([]);
    vpc.sync({ ...world, ...out('internetGateway') });
    expect(await vpc.wrong({ open: [`a@2001:db8:1:10:1::7 → ${HOST} icmpv6 128/0`, inwards] })).toEqual([]);
  });

  it('only leaves by an egress-only gateway', async () => {
    vpc.sync({ ...world, ...out('egressOnlyGateway') });
    expect(await vpc.wrong({ open: [`a → ${HOST} icmpv6 128/0`], closed: ['outside → b icmpv6 128/0'] })).toEqual([]);
    vpc.sync(world);
  });

  it('follows a rule, a member and a prefix that come and go', async () => {
    vpc.sync({ ...world, interfaces: [{ ...a, groups: [] }, b] });
    expect(await vpc.wrong({ closed: ['a → b tcp 5432'] })).toEqual([]);
    const { prefixes6: _gone, ...bare } = a;
    vpc.sync({ ...world, interfaces: [bare, b] });
    expect(await vpc.wrong({ open: ['a → b tcp 5432'], closed: ['a@2001:db8:1:10:1::7 → b tcp 5432'] })).toEqual([]);
    vpc.sync(world);
    expect(await vpc.wrong({ open: ['a@2001:db8:1:10:1::7 → b tcp 5432'] })).toEqual([]);
  });
});
