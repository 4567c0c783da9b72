import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { mac } from '../../core/address/mac.ts';
import { hostPrefix } from '../../core/address/prefix.ts';
import { nft, routing } from '../../core/names.ts';
import { defaultSettings } from '../../core/settings/settings.ts';
import { silentLog } from '../../daemon/log.ts';
import type { Link, NetEvent } from '../../linux/port.ts';
import { newJournal, record } from '../journal/journal.ts';
import { createLinkReaper } from '../attach/link-reaper.ts';
import { createJudgement } from '../judge/judgement.ts';
import { aGroup, anAttachment, anInterface, aRecord } from '../testing/builders.ts';
import { clockDouble } from '../testing/doubles.ts';
import { kernelDouble } from '../testing/kernel-double.ts';
import { createGuard } from './guard.ts';
import { createRecordKeeper } from './record-keeper.ts';

const grouped = (name: string, index: number) =>
  anInterface({
    id: `eni-${name}`,
    mac: `06:00:00:00:00:0${index + 1}`,
    deviceIndex: index,
    purpose: 'groups',
    groups: ['sg-0000000000000000b'],
    primaryAddress: `10.0.${index}.5`,
    addresses: [`10.0.${index}.20`],
  });
const late = grouped('late', 2);
const webRecord = aRecord({ interfaces: [anInterface(), grouped('web', 1), late] });
const securityGroups = [aGroup('sg-0000000000000000a'), aGroup('sg-0000000000000000b')];
const pod = anAttachment();
const tableGone: NetEvent = { subject: 'table', change: 'gone', name: nft.table };
const link = (part: Partial<Link>): Link => ({
  index: 7,
  name: 'eth1',
  mac: mac('06:00:00:00:00:02'),
  mtu: 9001,
  up: true,
  kind: undefined,
  group: 0,
  ...part,
});
const veth = link({ name: pod.hostLink, mac: pod.hostMac, kind: 'veth' });
const ownRule = { priority: routing.podRule, table: routing.podTable };

/** A node with a pod, in force, of whose third interface the link has not come. */
function guarded() {
  const kernel = kernelDouble();
  kernel.addLink('eth0', '06:00:00:00:00:01');
  kernel.addLink('eth1', '06:00:00:00:00:02');
  kernel.addLink(pod.hostLink, pod.hostMac);
  const clock = clockDouble();
  const state = newJournal();
  record(state, { kind: 'reserved', attachment: pod });
  const journal = { state, append: () => undefined, close: () => undefined };
  const reaper = createLinkReaper({ kernel, clock, log: silentLog, graceMs: 0 });
  const keeper = createRecordKeeper({ kernel, journal, judgement: createJudgement(kernel), reaper });
  const apply = () => keeper.apply(webRecord, securityGroups, defaultSettings);
  let requests = 0;
  const guard = createGuard({
    kernel,
    keeper,
    clock,
    log: silentLog,
    request: () => {
      requests++;
      apply();
    },
  });
  apply();
  guard.start();
  kernel.log.length = 0;
  kernel.dumps.length = 0;
  return { kernel, clock, state, keeper, guard, apply, requests: () => requests };
}
const looks = ({ kernel }: ReturnType<typeof guarded>): number => kernel.dumps.filter((one) => one === 'rules').length;

describe('the guard of a record', () => {
  it('writes a table that somebody has deleted at once', async () => {
    const node = guarded();
    node.kernel.failNext('elements');
    node.kernel.tell(tableGone);
    await node.clock.advance(0);
    expect(node.requests()).toBe(1);
    expect(node.kernel.log.filter((line) => line.startsWith('nft'))).toHaveLength(1);
  });

  it('finds nothing to do after the agent’s own changes', async () => {
    const node = guarded();
    const address = { address: ip('10.0.1.5'), length: 32 };
    const route = { destination: hostPrefix(ip('10.0.0.1')), table: 20002 };
    node.kernel.tell(
      tableGone,
      { subject: 'table', change: 'set', name: nft.table },
      { subject: 'link', change: 'set', link: link({}) },
      { subject: 'address', change: 'set', ...address },
      { subject: 'route', change: 'set', ...route },
      { subject: 'rule', change: 'set', rule: ownRule },
    );
    await node.clock.advance(500);
    expect(node.requests()).toBe(0);
    // It is how the table is looked for.
    expect(node.kernel.log).toEqual([expect.stringMatching(/^elements add \w+$/)]);
  });

  it('does not look at all while pods come and go', async () => {
    const node = guarded();
    const route = { destination: hostPrefix(ip('10.0.0.21')), table: routing.podTable };
    const held = { destination: hostPrefix(pod.address), table: routing.podTable };
    node.kernel.tell(
      { subject: 'link', change: 'set', link: { ...veth, name: 'brl0a1b2c3d4e5', up: false } },
      { subject: 'link', change: 'set', link: veth },
      { subject: 'address', change: 'set', address: ip('fe80::2'), length: 64 },
      { subject: 'route', change: 'set', ...held },
      { subject: 'route', change: 'gone', ...route },
      { subject: 'route', change: 'gone', ...held, table: 255 },
      { subject: 'address', change: 'gone', address: ip('fe80::2'), length: 64 },
      { subject: 'link', change: 'gone', link: veth },
      { subject: 'table', change: 'gone', name: 'witness' },
      { subject: 'rule', change: 'gone', rule: { priority: 1024, table: 77 } },
    );
    await node.clock.advance(500);
    expect(node.kernel.dumps).toEqual([]);
    expect(node.kernel.log).toEqual([]);
  });

  it('looks once at many changes, and not all the time at a quarrel', async () => {
    const node = guarded();
    const gone: NetEvent = { subject: 'rule', change: 'gone', rule: ownRule };
    node.kernel.tell(...Array.from({ length: 100 }, () => gone));
    await node.clock.advance(0);
    expect(looks(node)).toBe(1);
    for (let at = 0; at < 500; at++) {
      node.kernel.tell(gone);
      await node.clock.advance(1);
    }
    expect(looks(node)).toBe(6);
  });

  it.each<readonly [string, NetEvent]>([
    [
      'the route of a pod is gone',
      { subject: 'route', change: 'gone', destination: hostPrefix(pod.address), table: 20000 },
    ],
    [
      'that of an interface is gone',
      { subject: 'route', change: 'gone', destination: hostPrefix(ip('10.0.0.1')), table: 20002 },
    ],
    [
      'the address of an interface is gone',
      { subject: 'address', change: 'gone', address: ip('10.0.1.5'), length: 32 },
    ],
    [
      'the route of a pod is replaced',
      { subject: 'route', change: 'replaced', destination: hostPrefix(pod.address), table: 20000 },
    ],
    ['the link of a pod is taken down', { subject: 'link', change: 'set', link: { ...veth, up: false } }],
    ['events are lost', { subject: 'lost' }],
  ])('looks at routes, too, when %s', async (_, event) => {
    const node = guarded();
    node.kernel.tell(event);
    await node.clock.advance(0);
    // The double keeps no routes.
    expect(node.kernel.dumps).toContain('routes');
    expect(node.requests()).toBe(1);
  });

  it('compares what is in the table when somebody has touched it, ten times a second at most, and else hardly ever', async () => {
    const node = guarded();
    const altered: NetEvent = { subject: 'table', change: 'altered', name: nft.table };
    const comparisons = (): number => node.kernel.dumps.filter((one) => one === 'nft').length;
    await node.clock.advance(300_000);
    expect(comparisons()).toBe(0);
    for (let at = 0; at < 500; at++) {
      node.kernel.tell(altered, { ...altered, name: 'witness' });
      await node.clock.advance(1);
    }
    expect(comparisons()).toBe(6);
    // That of every 30 s.
    expect(node.requests()).toBe(10);
    await node.clock.advance(1000);
    node.kernel.failNext('nftList');
    node.kernel.tell({ subject: 'lost' });
    await node.clock.advance(1000);
    expect(node.kernel.log).toContainEqual(expect.stringMatching(/^nft add table/));
    await node.clock.advance(600_000);
    expect(comparisons()).toBeGreaterThan(4);
  });

  it('follows a link that comes and one that is renamed', async () => {
    const node = guarded();
    node.kernel.addLink('eth2', late.mac);
    node.kernel.tell({ subject: 'link', change: 'set', link: link({ name: 'eth2', mac: mac(late.mac), up: false }) });
    await node.clock.advance(0);
    expect(node.requests()).toBe(1);
    expect(node.keeper.inForce()?.missing).toEqual([]);
    await node.clock.advance(500);
    node.kernel.removeLink('eth1');
    node.kernel.addLink('ens6', '06:00:00:00:00:02');
    node.kernel.tell({ subject: 'link', change: 'set', link: link({ name: 'ens6' }) });
    await node.clock.advance(0);
    expect(node.requests()).toBe(2);
    expect(node.kernel.log).toContain('apply self set-link ens6');
  });

  it('looks once a second although it was told nothing, and no more when it is stopped', async () => {
    const node = guarded();
    node.kernel.failNext('elements');
    await node.clock.advance(1000);
    expect(node.requests()).toBe(1);
    node.guard.stop();
    expect(node.kernel.isWatched()).toBe(false);
    node.kernel.failNext('elements');
    await node.clock.advance(60_000);
    expect(node.requests()).toBe(1);
  });
});

describe('a record whose parts the kernel refuses', () => {
  it('is in force but for the interface that it is about', () => {
    const node = guarded();
    node.kernel.addLink('eth2', late.mac);
    node.kernel.failNext('apply');
    const { ready, refused, missing } = node.apply();
    expect([...ready]).toEqual(['eni-node', 'eni-late']);
    expect([...refused].map(([id, { code }]) => [id, code])).toEqual([['eni-web', 'kernel-refused']]);
    expect(missing).toEqual([]);
    expect(node.keeper.stands({ routes: false })).toBe(true);
    expect(node.apply().refused.size).toBe(0);
  });

  it('lets nobody through to pods with groups as long as there is no table, and nobody else is cut off', () => {
    const node = guarded();
    const web = anAttachment({ containerId: 'web', address: ip('10.0.1.20'), set: { key: 'k', groups: ['sg-b'] } });
    record(node.state, { kind: 'reserved', attachment: web });
    const fail = (...operations: readonly ('nft' | 'nftList' | 'elements')[]): void => {
      node.keeper.isIntact();
      for (const operation of operations) node.kernel.failNext(operation);
      node.kernel.log.length = 0;
      expect(node.apply).toThrow('was made to fail');
    };
    fail('nft');
    expect(node.kernel.log).toEqual([]);
    fail('nft', 'nftList');
    expect(node.kernel.log).toEqual(['apply self replace-blackhole']);
  });
});
