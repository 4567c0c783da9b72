import { describe, expect, it } from 'vitest';

import { formatIp } from '../../../core/address/ip.ts';
import { ipv4 } from '../../../core/address/ipv4.ts';
import { formatPrefix, prefix4 } from '../../../core/address/prefix.ts';
import type { NetChange } from '../../../linux/port.ts';
import { fabricLink } from '../names.ts';
import { anInterface, aWorld } from '../testing/builders.ts';
import { changeOf } from '../world-change.ts';
import { planNetwork } from './plan-network.ts';

const first = anInterface();
const second = anInterface({
  id: 'eni-b',
  deviceIndex: 1,
  addresses: ['10.0.0.20', '10.0.0.21'],
  prefixes: ['10.0.1.16/28'],
});
const link = fabricLink('eni-b');
const empty = aWorld({ subnets: [] });
const world = aWorld({ interfaces: [first, second], outside: [ipv4('203.0.113.10')] });

/** As `ip` would be asked. */
const words = (changes: readonly NetChange[]): readonly string[] =>
  changes.map((change) => {
    if (change.op === 'replace-route') {
      const via = change.gateway === undefined ? change.scope : `via ${formatIp(change.gateway)}`;
      return `${change.op} ${formatPrefix(change.destination)} ${change.link} ${via}`;
    }
    if (change.op === 'delete-route') return `${change.op} ${formatPrefix(change.destination)}`;
    if ('address' in change) return `${change.op} ${formatIp(change.address)} ${change.link}`;
    return change.op;
  });

const plan = (...worlds: Parameters<typeof changeOf>) => planNetwork(changeOf(...worlds));

describe('the plan of links and routes', () => {
  it('configures the first device as DHCP would and leaves the others down', () => {
    const { add, inside } = plan(empty, world);
    expect(inside.map(({ netns, changes }) => [netns, words(changes)])).toEqual([
      ['a', ['set-link', 'replace-address 10.0.0.10 eth0', 'replace-route 0.0.0.0/0 eth0 via 10.0.0.1']],
    ]);
    expect(add.every((port) => port.link.length <= 15)).toBe(true);
  });

  it('routes everything of an interface to its primary address, which is a permanent neighbour', () => {
    expect(words(plan({ ...world, interfaces: [first] }, world).changes)).toEqual([
      `replace-neighbour 10.0.0.20 ${link}`,
      `replace-neighbour fe80::400:ff:fe00:a ${link}`,
      `replace-route 10.0.0.20/32 ${link} link`,
      `replace-route 10.0.0.21/32 ${link} via 10.0.0.20`,
      `replace-route 10.0.1.16/28 ${link} via 10.0.0.20`,
    ]);
  });

  it('has a router in every subnet, and the outside, at home', () => {
    const grown = { ...world, subnets: [...world.subnets, { cidr: prefix4('10.0.16.0/20') }], outside: [] };
    expect(words(plan(world, grown).changes)).toEqual([
      'delete-address 203.0.113.10 lo',
      'replace-address 10.0.16.1 lo',
    ]);
  });

  it('changes nothing for a world told again in new objects', () => {
    expect(plan(world, structuredClone(world))).toEqual({
      replace: [],
      add: [],
      configure: [],
      inside: [],
      changes: [],
      remove: [],
      forget: [],
    });
  });

  it('takes a detached interface away last and forgets its connections', () => {
    const planned = plan(world, { ...world, interfaces: [first] });
    expect(planned).toMatchObject({ replace: [], add: [], remove: [link] });
    expect(planned.forget).toHaveLength(18);
    expect(words(planned.changes)).toContain('delete-route 10.0.1.16/28');
  });

  it('makes the link anew when an interface is on another instance', () => {
    const planned = plan(world, { ...world, interfaces: [first, { ...second, netns: 'b' }] });
    expect(planned).toMatchObject({ replace: [link], add: [{ netns: 'b' }], remove: [] });
    expect(planned.forget).toHaveLength(18);
    expect(words(planned.changes)).toHaveLength(5);
  });

  it('replaces the route of an address that moves, and forgets the connections of its former owner', () => {
    const from = { ...second, addresses: [ipv4('10.0.0.20')] };
    const to = { ...first, addresses: [...first.addresses, ipv4('10.0.0.21')] };
    const planned = plan(world, { ...world, interfaces: [to, from] });
    expect(words(planned.changes)).toEqual([`replace-route 10.0.0.21/32 ${fabricLink('eni-a')} via 10.0.0.10`]);
    expect(planned.forget).toEqual([ipv4('10.0.0.21')]);
  });
});
