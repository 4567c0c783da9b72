/** Ways out of the VPC and into it, with real packets. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ipv4 } from '../../core/address/ipv4.ts';
import { type Prefix, prefix, prefix4 } from '../../core/address/prefix.ts';
import type { RouteTarget } from '../../core/vpc/model.ts';
import { describeAsRoot } from '../../linux/testing/as-root.ts';
import { lab } from '../names.ts';
import { type OutsideHost, serveCallers } from './outside-host/serve-callers.ts';
import type { FabricWorld } from './port.ts';
import { aGroup, allow, anInterface, aWorld } from './testing/builders.ts';
import { NEVER_MS, scratchVpc } from './testing/scratch-vpc.ts';

const vpc = scratchVpc('w');
const HOST = lab.outsideHost.address;
const [publicSubnet, privateSubnet] = [prefix4('10.0.0.0/20'), prefix4('10.0.16.0/20')];

const a = anInterface({ netns: vpc.netns('a'), groups: ['sg-all'] });
const b = anInterface({
  id: 'eni-b',
  mac: '06:00:00:00:00:0b',
  netns: vpc.netns('b'),
  subnet: '10.0.16.0/20',
  addresses: ['10.0.16.20'],
  groups: ['sg-all'],
});
const c = anInterface({
  id: 'eni-c',
  mac: '06:00:00:00:00:0c',
  netns: vpc.netns('c'),
  addresses: ['10.0.0.30'],
  groups: ['sg-web'],
});
const publicA = { ...a, publicAddresses: [{ address: ipv4('10.0.0.10'), public: ipv4('203.0.113.130') }] };
const publicC = { ...c, publicAddresses: [{ address: ipv4('10.0.0.30'), public: ipv4('203.0.113.132') }] };
const route = (destination: string, target: RouteTarget): { destination: Prefix; target: RouteTarget } => ({
  destination: prefix(destination),
  target,
});
const internet = { kind: 'internetGateway', id: 'igw-1' } as const;
const nat = { kind: 'natGateway', id: 'nat-1' } as const;
const subnets = (...routes: readonly (readonly ReturnType<typeof route>[])[]) =>
  [publicSubnet, privateSubnet].map((cidr, at) => ({ cidr, routes: routes[at] ?? [] }));
const all = aGroup('sg-all', [allow('egress', 'all', '0.0.0.0/0')]);
const world = aWorld({
  interfaces: [publicA, b, publicC],
  groups: [
    all,
    aGroup('sg-web', [allow('egress', 'all', '0.0.0.0/0'), allow('ingress', 'tcp 80', '203.0.113.130/32')]),
  ],
  subnets: subnets([route('0.0.0.0/0', internet)], [route('0.0.0.0/0', nat)]),
  natGateways: [{ id: 'nat-1', subnet: publicSubnet, publicAddress: ipv4('203.0.113.131') }],
});

describeAsRoot('the ways out of the VPC', () => {
  let host: OutsideHost | undefined;
  const sync = (change: Partial<FabricWorld> = {}) => vpc.sync({ ...world, ...change });
  const seenAs = (instance: string) => vpc.seenBy(`${instance} → ${HOST} tcp 7`);
  const isCutOff = async (instance: string) =>
    (await vpc.seenBy(`${instance} → ${HOST} tcp 7`, { waitMs: NEVER_MS })) === undefined;

  beforeAll(async () => {
    await vpc.add('a', '10.0.0.10');
    await vpc.add('b', '10.0.16.20');
    await vpc.add('c', '10.0.0.30');
    sync();
    const outside = vpc.kernel.openNetns(`/run/netns/${vpc.netns('outside')}`);
    host = await serveCallers({ kernel: vpc.kernel, netns: outside });
    outside.close();
    await vpc.add('outside', HOST);
  });
  afterAll(async () => {
    await host?.close();
    vpc.destroy();
  });

  it('lead through an internet gateway as the public address, and through a NAT gateway as its own', async () => {
    expect([await seenAs('a'), await seenAs('b')]).toEqual(['203.0.113.130', '203.0.113.131']);
    expect(await vpc.wrong({ open: [`a → ${HOST} icmp 8/0`, `b → ${HOST} icmp 8/0`] })).toEqual([]);
  });

  it('follow the public address and the routes at once, also for what is established', async () => {
    const held = [await vpc.hold(`a → ${HOST} tcp 7`), await vpc.hold(`b → ${HOST} tcp 7`)];
    sync({ interfaces: [a, b, publicC] });
    expect([await isCutOff('a'), await held[0]?.()]).toEqual([true, false]);
    sync({ subnets: subnets([route('0.0.0.0/0', internet)], [route('0.0.0.0/0', { kind: 'blackhole' })]) });
    expect([await isCutOff('b'), await held[1]?.()]).toEqual([true, false]);
    expect(await seenAs('a')).toBe('203.0.113.130');
    sync();
    expect(await seenAs('b')).toBe('203.0.113.131');
  });

  it('are taken by the most specific route', async () => {
    const routes = [route('0.0.0.0/0', nat), route('198.51.100.0/24', { kind: 'blackhole' })];
    sync({ subnets: subnets([route('0.0.0.0/0', internet)], routes) });
    expect(await isCutOff('b')).toBe(true);
    sync({ subnets: subnets([route('0.0.0.0/0', internet)], [...routes, route('198.51.100.0/28', nat)]) });
    expect(await seenAs('b')).toBe('203.0.113.131');
  });

  it('do not lead through a NAT gateway that has none itself', async () => {
    sync({ subnets: subnets([], [route('0.0.0.0/0', nat)]) });
    expect([await isCutOff('a'), await isCutOff('b')]).toEqual([true, true]);
    sync();
  });

  it('lead in to a public address alone, where the groups say so', async () => {
    const toC = 'outside → c@203.0.113.132 tcp 81';
    const never = ['outside → c tcp 81', 'outside → b@203.0.113.131 tcp 81'];
    expect(await vpc.wrong({ closed: [toC, ...never] })).toEqual([]);
    const groups = [all, aGroup('sg-web', [allow('ingress', 'tcp 81', `${HOST}/32`)])];
    sync({ groups });
    expect(await vpc.wrong({ open: [toC], closed: never })).toEqual([]);
    sync({ groups, subnets: subnets([], []) });
    expect(await vpc.wrong({ closed: [toC, ...never] })).toEqual([]);
    sync();
  });

  it('lead from one public address of the VPC to another, which sees it', async () => {
    expect(await vpc.wrong({ open: ['a → c@203.0.113.132 tcp 80'], closed: ['a → c tcp 80'] })).toEqual([]);
  });
});
