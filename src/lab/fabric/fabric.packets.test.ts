/** The fabric with real packets between instances in namespaces of this test, by the kernel port in process. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ipv4 } from '../../core/address/ipv4.ts';
import { openKernel } from '../../linux/kernel.ts';
import { describeAsRoot } from '../../linux/testing/as-root.ts';
import { fabricNetns } from '../names.ts';
import { createFabric } from './fabric.ts';
import { fabricLink } from './names.ts';
import type { Fabric, FabricWorld } from './port.ts';
import { aGroup, allow, anInterface, aWorld } from './testing/builders.ts';
import { run, type ScratchInstances, scratchInstances } from './testing/scratch-instances.ts';

const name = `t${process.pid}`;
const netns = (instance: string): string => `brlt-${process.pid}-${instance}`;
const OUTSIDE = '203.0.113.10';

const a = anInterface({ netns: netns('a'), groups: ['sg-web'] });
const b = anInterface({
  id: 'eni-b',
  mac: '06:00:00:00:00:0b',
  netns: netns('b'),
  addresses: ['10.0.0.20', '10.0.0.21'],
  prefixes: ['10.0.1.16/28'],
  groups: ['sg-db'],
});
const c = anInterface({
  id: 'eni-c',
  mac: '06:00:00:00:00:0c',
  netns: netns('c'),
  addresses: ['10.0.0.30'],
  groups: ['sg-other'],
});
const second = anInterface({
  id: 'eni-second',
  mac: '06:00:00:00:00:1a',
  netns: netns('a'),
  deviceIndex: 1,
  addresses: ['10.0.0.40'],
  groups: ['sg-web'],
});
const everythingOut = allow('egress', 'all', '0.0.0.0/0');
const groups = (...ofDb: readonly ReturnType<typeof allow>[]) => [
  aGroup('sg-web', [everythingOut]),
  aGroup('sg-db', [everythingOut, ...ofDb]),
  aGroup('sg-other', [everythingOut]),
];
const world = aWorld({
  interfaces: [a, b, c],
  groups: groups(
    allow('ingress', 'tcp 5432', 'sg-web'),
    allow('ingress', 'udp 53', '10.0.0.10/32'),
    allow('ingress', 'icmp 8/-1', 'pl-1'),
  ),
  prefixLists: {
    'pl-1': [a, c].flatMap(({ addresses: [base] }) => (base === undefined ? [] : [{ base, length: 32 }])),
  },
  outside: [ipv4(OUTSIDE)],
});

const addresses: Readonly<Record<string, string>> = {
  a: '10.0.0.10',
  b: '10.0.0.20',
  b2: '10.0.0.21',
  bp: '10.0.1.20',
  c: '10.0.0.30',
  out: OUTSIDE,
};
/** `a → b tcp 5432`, `c → b icmp 8/0`; an end may be a name, or an instance and an address: `c@10.0.0.10`. */
function probeOf(text: string) {
  const [source = '', , target = '', protocol = '', detail = ''] = text.split(' ');
  const end = (word: string) => {
    const [place = '', address = addresses[place] ?? ''] = word.split('@');
    return { place: place === 'out' ? fabricNetns(name) : netns(place.slice(0, 1)), address };
  };
  const [from, to] = [end(source), end(target)];
  const [first = 0, code = 0] = detail.split('/').map(Number);
  const number = { tcp: 6, udp: 17, icmp: 1 }[protocol] ?? Number(protocol);
  return {
    from: from.place,
    to: to.place,
    source: from.address,
    target: to.address,
    protocol: number,
    ...(number === 1 ? { icmp: { type: first, code } } : { port: first }),
  };
}

describeAsRoot('the fabric', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brl-fabric-'));
  const kernel = openKernel();
  let instances: ScratchInstances;
  let fabric: Fabric;
  const start = () => createFabric({ kernel, name, runDir: folder });
  /** What did otherwise than it should. */
  const wrong = async (should: { readonly open?: readonly string[]; readonly closed?: readonly string[] }) => {
    const { open = [], closed = [] } = should;
    const flows = [...open, ...closed];
    const arrived = await instances.probe(flows.map((flow, at) => ({ ...probeOf(flow), expected: at < open.length })));
    return flows.flatMap((flow, at) =>
      arrived[at] === at < open.length ? [] : [`${flow} is ${arrived[at] ? 'open' : 'closed'}`],
    );
  };
  const hold = (tag: number, target: string) => {
    const attempt = { tag, source: '10.0.0.10', target, protocol: 6, port: 5432, expected: true };
    return instances.ask(netns('a'), { do: 'hold', attempt, waitMs: 10_000 });
  };
  const stillThere = (tag: number) => instances.ask(netns('a'), { do: 'ask', tag, waitMs: 10_000 });
  const sync = (change: Partial<FabricWorld> = {}) => fabric.sync({ ...world, ...change });

  beforeAll(async () => {
    instances = scratchInstances();
    await instances.add(netns('a'), ['10.0.0.10', '10.0.0.40']);
    await instances.add(netns('b'), ['10.0.0.20', '10.0.0.21', '10.0.1.20']);
    await instances.add(netns('c'), ['10.0.0.30', '10.0.0.10']);
    fabric = start();
    sync();
    await instances.watch(fabricNetns(name), [OUTSIDE]);
    for (const address of ['10.0.0.21', '10.0.1.20'])
      instances.ip(netns('b'), 'addr', 'add', `${address}/32`, 'dev', 'lo');
  });
  afterAll(() => {
    instances.destroy();
    fabric.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  it('drops what no rule names, in every hook', () => {
    const table = run('ip', ['netns', 'exec', fabricNetns(name), 'nft', 'list', 'table', 'inet', 'fabric']);
    expect(table.match(/policy drop/g)).toHaveLength(4);
    expect(table.match(/type filter hook/g)).toHaveLength(4);
  });

  it('gives an instance its first device as DHCP would', () => {
    const device = JSON.parse(instances.ip(netns('b'), '-j', 'addr', 'show', 'eth0')) as [
      { address: string; mtu: number; addr_info: { local: string; prefixlen: number }[] },
    ];
    expect(device[0]).toMatchObject({ address: '06:00:00:00:00:0b', mtu: 9001 });
    expect(device[0].addr_info).toContainEqual(expect.objectContaining({ local: '10.0.0.20', prefixlen: 20 }));
    expect(instances.ip(netns('b'), 'route')).toContain('default via 10.0.0.1 dev eth0');
  });

  it('lets pass what the groups of both ends say, to every address of an interface, and nothing else', async () => {
    const open = [
      'a → b tcp 5432',
      'a → b2 tcp 5432',
      'a → bp tcp 5432',
      'a → b udp 53',
      'a → b icmp 8/0',
      'c → bp icmp 8/0',
    ];
    const closed = ['a → b tcp 80', 'c → b tcp 5432', 'c → b udp 53', 'b → a tcp 80', 'a → b icmp 13/0', 'a → b 50'];
    expect(await wrong({ open, closed })).toEqual([]);
  });

  it('judges packets to the outside by egress alone, from it by ingress alone', async () => {
    sync({ groups: groups(allow('ingress', 'tcp 443', `${OUTSIDE}/32`)) });
    const open = ['out → b tcp 443', 'a → out tcp 80', 'c → out udp 53', 'b2 → out icmp 8/0'];
    expect(await wrong({ open, closed: ['out → b tcp 80', 'out → a tcp 443'] })).toEqual([]);
    sync({ groups: [aGroup('sg-web', [allow('egress', 'tcp 443', `${OUTSIDE}/32`)])] });
    expect(await wrong({ open: ['a → out tcp 443'], closed: ['a → out tcp 80', 'c → out tcp 443'] })).toEqual([]);
    sync();
  });

  it('answers as the router of a subnet whatever the groups say, and offers nothing there', async () => {
    sync({ groups: [] });
    expect(
      await wrong({
        open: ['a → out@10.0.0.1 icmp 8/0'],
        closed: ['a → out@10.0.0.1 tcp 80', 'a → out@10.0.0.1 udp 53', 'a → out icmp 8/0'],
      }),
    ).toEqual([]);
    sync();
  });

  it('drops a source that is not the interface’s, unless the check is off, and always a foreign MAC', async () => {
    const own = 'c → b icmp 8/0';
    const spoofed = 'c@10.0.0.10 → b icmp 8/0';
    instances.ip(netns('c'), 'addr', 'add', '10.0.0.10/32', 'dev', 'lo');
    expect(await wrong({ open: [own], closed: [spoofed] })).toEqual([]);
    sync({ interfaces: [a, b, { ...c, sourceDestCheck: false }] });
    expect(await wrong({ open: [own, spoofed] })).toEqual([]);
    instances.ip(netns('c'), 'link', 'set', 'eth0', 'address', '06:00:00:00:00:99');
    expect(await wrong({ closed: [own, spoofed] })).toEqual([]);
    sync();
    expect(await wrong({ closed: [own] })).toEqual([]);
    instances.ip(netns('c'), 'link', 'set', 'eth0', 'address', c.mac);
    instances.ip(netns('c'), 'addr', 'del', '10.0.0.10/32', 'dev', 'lo');
    expect(await wrong({ open: [own] })).toEqual([]);
  });

  it('closes and opens with a rule at once, while established connections live on', async () => {
    expect(await hold(1, '10.0.0.20')).toEqual([1]);
    sync({ groups: groups() });
    expect(await wrong({ closed: ['a → b tcp 5432', 'a → b udp 53'] })).toEqual([]);
    expect(await stillThere(1)).toEqual([1]);
    sync();
    expect(await wrong({ open: ['a → b tcp 5432'], closed: ['c → b tcp 5432'] })).toEqual([]);
  });

  it('follows the membership of a group at once', async () => {
    sync({ interfaces: [{ ...a, groups: ['sg-other'] }, b, { ...c, groups: ['sg-other', 'sg-web'] }] });
    expect(await wrong({ open: ['c → b tcp 5432'], closed: ['a → b tcp 5432'] })).toEqual([]);
    sync();
    expect(await wrong({ open: ['a → b tcp 5432'], closed: ['c → b tcp 5432'] })).toEqual([]);
  });

  it('lets nothing to or from an address that has left, and nobody inherit its connections', async () => {
    expect(await hold(2, '10.0.0.21')).toEqual([2]);
    sync({ interfaces: [a, { ...b, addresses: b.addresses.slice(0, 1) }, c] });
    expect(await wrong({ open: ['a → b tcp 5432'], closed: ['a → b2 tcp 5432', 'b2 → out udp 53'] })).toEqual([]);
    sync({ groups: groups() });
    expect(await instances.ask(netns('a'), { do: 'ask', tag: 2, waitMs: 1000 })).toEqual([]);
    sync();
    expect(await wrong({ open: ['a → b2 tcp 5432'] })).toEqual([]);
  });

  it('plugs an interface into a running instance, down and bare, and takes it away', async () => {
    sync({ interfaces: [a, b, c, second] });
    const shown = instances.ip(netns('a'), 'addr', 'show', 'eth1');
    expect(shown).toContain('06:00:00:00:00:1a');
    expect(shown).toContain('state DOWN');
    expect(shown).not.toContain('inet ');
    instances.ip(netns('a'), 'link', 'set', 'eth1', 'up');
    instances.ip(netns('a'), 'addr', 'add', '10.0.0.40/32', 'dev', 'eth1');
    instances.ip(netns('a'), 'route', 'add', 'default', 'via', '10.0.0.1', 'dev', 'eth1', 'onlink', 'table', '100');
    instances.ip(netns('a'), 'rule', 'add', 'from', '10.0.0.40', 'table', '100');
    expect(await wrong({ open: ['a@10.0.0.40 → b tcp 5432'], closed: ['a@10.0.0.40 → b tcp 80'] })).toEqual([]);
    // Out by a device that the address does not belong to.
    instances.ip(netns('a'), 'rule', 'del', 'from', '10.0.0.40');
    expect(await wrong({ open: ['a → b tcp 5432'], closed: ['a@10.0.0.40 → b tcp 5432'] })).toEqual([]);
    sync();
    expect(spawnSync('ip', ['-n', netns('a'), 'link', 'show', 'eth1']).status).not.toBe(0);
    expect(await wrong({ open: ['a → b tcp 5432'] })).toEqual([]);
  });

  it('adopts what a former process left, without a break for what is established', async () => {
    expect(await hold(3, '10.0.0.20')).toEqual([3]);
    sync({ interfaces: [a, b, c, second], outside: [ipv4(OUTSIDE), ipv4('203.0.113.11')] });
    const index = () => instances.ip(netns('a'), 'link', 'show', 'eth0').split(':')[0];
    const before = index();
    fabric = start();
    sync({ groups: groups() });
    expect(index()).toBe(before);
    expect(await stillThere(3)).toEqual([3]);
    expect(await wrong({ closed: ['a → b tcp 5432'] })).toEqual([]);
    const inFabric = (...args: readonly string[]) => run('ip', ['-n', fabricNetns(name), ...args]);
    expect(inFabric('link')).not.toContain(fabricLink('eni-second'));
    expect(inFabric('route')).not.toContain('10.0.0.40');
    expect(inFabric('addr', 'show', 'lo')).not.toContain('203.0.113.11');
    sync();
    expect(await wrong({ open: ['a → b tcp 5432', 'a → b2 tcp 5432'] })).toEqual([]);
  });

  it('keeps the last agreed world in force when a change fails, and takes the next one', async () => {
    const lost = anInterface({ id: 'eni-lost', netns: netns('absent'), addresses: ['10.0.0.50'] });
    expect(() => sync({ interfaces: [a, b, second, lost], groups: groups() })).toThrow();
    expect(await wrong({ open: ['a → b tcp 5432', 'c → b icmp 8/0'], closed: ['c → b tcp 5432'] })).toEqual([]);
    expect(spawnSync('ip', ['-n', netns('a'), 'link', 'show', 'eth1']).status).not.toBe(0);
    sync({ groups: groups() });
    expect(await wrong({ closed: ['a → b tcp 5432'] })).toEqual([]);
  });

  it('is gone with all its devices when it is destroyed', () => {
    fabric.destroy();
    expect(run('ip', ['netns', 'list'])).not.toContain(fabricNetns(name));
    expect(spawnSync('ip', ['-n', netns('a'), 'link', 'show', 'eth0']).status).not.toBe(0);
  });
});
