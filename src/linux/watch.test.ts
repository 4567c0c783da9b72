/** What a watcher with an interest is told of, and what the kernel keeps to itself. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { ip } from '../core/address/ip.ts';
import { mac } from '../core/address/mac.ts';
import { hostPrefix } from '../core/address/prefix.ts';
import { openKernel } from './kernel.ts';
import type { Kernel, NetEvent, Netns } from './port.ts';
import { describeAsRoot } from './testing/as-root.ts';

const interest = { table: 'ours', quietLinks: 'quiet' } as const;
const ourTable = 'table inet ours {\n set s { type ipv4_addr; }\n chain c {\n }\n}\n';
const destination = hostPrefix(ip('10.9.0.1'));

describeAsRoot('a watcher with an interest', () => {
  const name = `brlt-${process.pid}-i`;
  let kernel: Kernel;
  let netns: Netns;
  let events: NetEvent[];
  let close: () => void;
  const others = (...command: readonly string[]): string =>
    execFileSync('ip', ['netns', 'exec', name, ...command], { encoding: 'utf8' });
  const script = (text: string): string => others('nft', text);
  /** What was told before this rule, which is told after it. */
  const told = async (): Promise<readonly NetEvent[]> => {
    others('ip', 'rule', 'add', 'pref', '4711', 'lookup', '4711');
    others('ip', 'rule', 'del', 'pref', '4711');
    const isMark = (event: NetEvent): boolean => event.subject === 'rule' && event.change === 'gone';
    await expect.poll(() => events.some(isMark), { timeout: 10_000 }).toBe(true);
    // Tables are told on a socket of their own.
    await new Promise((resolve) => setTimeout(resolve, 50));
    return events.splice(0).filter(({ subject }) => subject !== 'rule');
  };
  const quiet = { op: 'add-veth', name: 'quiet0', mac: mac('02:00:00:00:00:01'), up: true } as const;

  beforeEach(() => {
    kernel = openKernel();
    netns = kernel.createNetns(name);
    events = [];
    const watch = kernel.watch(netns, (event) => events.push(event), interest);
    close = () => watch.close();
  });
  afterEach(() => {
    close();
    netns.close();
    kernel.deleteNetns(name);
  });

  it('is not told of what this very port does', async () => {
    kernel.nft(netns, ourTable);
    kernel.elements(netns, [
      { op: 'add', table: 'ours', set: 's', key: [{ type: 'ipv4', value: ip('10.0.0.1') as never }] },
    ]);
    kernel.apply(netns, [
      { ...quiet, peer: { name: 'eth0' } },
      { op: 'set-link', link: 'eth0', up: true },
      { op: 'replace-route', destination, link: 'quiet0', table: 20000 },
      { op: 'replace-route', destination, link: 'eth0', table: 20000 },
      { op: 'delete-route', destination, table: 20000 },
      { op: 'add-rule', priority: 700, table: 20000 },
    ]);
    const mine = (await told()).filter((event) => event.subject !== 'link' || event.link.name.startsWith('quiet'));
    expect(mine).toEqual([]);
  });

  it('is told when somebody else replaces or deletes a route, and not that there is a new one', async () => {
    kernel.apply(netns, [{ ...quiet, peer: { name: 'eth0' } }]);
    await told();
    others('ip', 'route', 'add', '10.9.0.1/32', 'dev', 'quiet0', 'table', '20000');
    expect(await told()).toEqual([]);
    others('ip', 'route', 'replace', 'blackhole', '10.9.0.1/32', 'table', '20000');
    others('ip', 'route', 'del', '10.9.0.1/32', 'table', '20000');
    expect(await told()).toEqual([
      { subject: 'route', change: 'replaced', destination, table: 20000 },
      { subject: 'route', change: 'gone', destination, table: 20000 },
    ]);
  });

  it('is told of a quiet link only when it is down, and of every other', async () => {
    kernel.apply(netns, [
      { ...quiet, peer: { name: 'eth0' } },
      { op: 'set-link', link: 'eth0', up: true },
    ]);
    await told();
    others('ip', 'link', 'set', 'quiet0', 'mtu', '1400');
    expect(await told()).toEqual([]);
    others('ip', 'link', 'set', 'quiet0', 'down');
    const link = (part: object): unknown => ({
      subject: 'link',
      change: 'set',
      link: expect.objectContaining(part) as unknown,
    });
    expect(await told()).toContainEqual(link({ name: 'quiet0', up: false }));
    others('ip', 'link', 'add', 'qui', 'type', 'veth', 'peer', 'name', 'loud0');
    const events = await told();
    expect(events).toContainEqual(link({ name: 'loud0' }));
    expect(events).toContainEqual(link({ name: 'qui' }));
  });

  it.each([
    ['a rule is added', 'add rule inet ours c accept'],
    ['an element is added', 'add element inet ours s { 10.0.0.2 }'],
    ['a chain is emptied', 'flush chain inet ours d'],
    ['a set is emptied', 'flush set inet ours t'],
    ['a chain is deleted', 'delete chain inet ours d'],
  ])('is told that its table is altered when %s', async (_, command) => {
    kernel.nft(
      netns,
      'table inet ours {\n set s { type ipv4_addr; }\n set t { type ipv4_addr; elements = { 10.0.0.1 }\n }\n chain c {\n }\n chain d {\n accept\n }\n}\n',
    );
    script(command);
    expect(new Set((await told()).map((event) => JSON.stringify(event)))).toEqual(
      new Set([JSON.stringify({ subject: 'table', change: 'altered', name: 'ours' })]),
    );
  });

  it('finds its table among a thousand changes of another in one transaction, and is not told of those', async () => {
    kernel.nft(netns, ourTable);
    const chains = (letter: string): string =>
      Array.from({ length: 500 }, (_, at) => `add chain inet another ${letter}${at}`).join('; ');
    script(`add table inet another; ${chains('a')}`);
    script('add table ip ours; add chain ip ours c; add table inet ours2; add chain inet ours2 c');
    expect(await told()).toEqual([]);
    script(`${chains('b')}; add rule inet ours c accept; ${chains('d')}`);
    expect(await told()).toContainEqual({ subject: 'table', change: 'altered', name: 'ours' });
    script('flush ruleset');
    expect(await told()).toContainEqual({ subject: 'table', change: 'gone', name: 'ours' });
  });
});
