/** What EC2's router and network are to packets within the VPC, with real ones. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { ipv4 } from '../../core/address/ipv4.ts';
import { prefix4 } from '../../core/address/prefix.ts';
import { describeAsRoot } from '../../linux/testing/as-root.ts';
import { aGroup, allow, anInterface, aWorld } from './testing/builders.ts';
import { scratchVpc } from './testing/scratch-vpc.ts';

const vpc = scratchVpc('r');
const a = anInterface({ netns: vpc.netns('a'), groups: ['sg-all'] });
const b = anInterface({
  id: 'eni-b',
  mac: '06:00:00:00:00:0b',
  netns: vpc.netns('b'),
  addresses: ['10.0.0.20'],
  groups: ['sg-all'],
});
const later = anInterface({
  id: 'eni-later',
  mac: '06:00:00:00:00:0c',
  netns: vpc.netns('later'),
  subnet: '100.64.0.0/24',
  addresses: ['100.64.0.10'],
  groups: ['sg-all'],
});
const everything = [allow('egress', 'all', '0.0.0.0/0'), allow('ingress', 'all', '0.0.0.0/0')];
const world = aWorld({ interfaces: [a, b], groups: [aGroup('sg-all', everything)] });

describeAsRoot('the VPC’s router', () => {
  beforeAll(async () => {
    await vpc.add('a', '10.0.0.10');
    await vpc.add('b', '10.0.0.20', '10.0.0.255', '224.0.0.1');
    await vpc.add('later', '100.64.0.10');
    vpc.sync(world);
  });
  afterAll(() => vpc.destroy());

  it.each([1, 2, 63, 64, 127, 128, 254, 255])('is no hop for a packet with a TTL of %d', async (ttl) => {
    const probe = { ...vpc.probeOf('a → b icmp 8/0'), ttl };
    const { from, ...attempt } = probe;
    await vpc.instances.ask(from, {
      do: 'attempt',
      attempts: [{ ...attempt, tag: ttl }],
      patience: { waitMs: 0, graceMs: 0 },
    });
    await expect
      .poll(() => vpc.instances.ask(vpc.netns('b'), { do: 'ttls', tags: [ttl] }), { timeout: 10_000 })
      .toEqual([ttl]);
  });

  it('routes a range of the VPC that is added while it runs', async () => {
    expect(await vpc.wrong({ closed: ['a → later tcp 80'] })).toEqual([]);
    vpc.sync({
      ...world,
      cidrs: [...world.cidrs, prefix4('100.64.0.0/16')],
      subnets: [...world.subnets, { cidr: prefix4('100.64.0.0/24') }],
      interfaces: [a, b, later],
    });
    expect(await vpc.wrong({ open: ['a → later tcp 80', 'later → b udp 53'] })).toEqual([]);
  });

  it('leads an address that nobody has nowhere, and nobody answers for it', async () => {
    vpc.sync({ ...world, subnets: [{ cidr: prefix4('10.0.0.0/20'), routes: [] }] });
    expect(await vpc.wrong({ closed: ['a → b@10.0.0.77 tcp 80', 'a → b@10.0.0.77 icmp 8/0'] })).toEqual([]);
    expect(vpc.instances.ip(vpc.netns('a'), 'neigh', 'show', '10.0.0.77')).not.toContain('lladdr');
    expect(await vpc.wrong({ open: ['a → b tcp 80'] })).toEqual([]);
    expect(vpc.instances.ip(vpc.netns('a'), 'neigh', 'show', '10.0.0.20')).toContain('lladdr');
  });

  it('drops broadcast and multicast', async () => {
    vpc.instances.ip(vpc.netns('a'), 'route', 'add', '224.0.0.0/4', 'dev', 'eth0');
    vpc.instances.ip(vpc.netns('b'), 'addr', 'add', '10.0.0.255/32', 'dev', 'lo');
    expect(await vpc.wrong({ closed: ['a → b@224.0.0.1 icmp 8/0', 'a → b@10.0.0.255 icmp 8/0'] })).toEqual([]);
  });

  it('lets a service of the VPC be reached whatever the groups say, and nothing else where it is', async () => {
    const service = '169.254.169.253';
    vpc.sync({ ...world, groups: [aGroup('sg-all')], services: [ipv4(service)], outside: [ipv4('203.0.113.10')] });
    const fabric = vpc.kernel.openNetns(`/run/netns/${vpc.netns('fabric')}`);
    const servers = [service, '203.0.113.10'].map((address) => {
      const fd = vpc.kernel.listenTcp(fabric, { address: ip(address), port: 53 });
      return createServer((connection) => connection.end('hello')).listen({ fd });
    });
    fabric.close();
    const open = [`a → fabric@${service} tcp 53`];
    expect(await vpc.wrong({ open, closed: ['a → fabric@203.0.113.10 tcp 53'] })).toEqual([]);
    for (const server of servers) server.close();
  });
});
