/** Addresses, routes, neighbours, rules and connections, of both families alike. */
import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { formatPrefix, prefix } from '../../core/address/prefix.ts';
import type { Family, NetChange, NetEvent, Netns } from '../port.ts';
import { farMac, nearMac, refusal, type Tracked, veth, type World } from './world.ts';

const families = [
  {
    family: 'ipv4',
    pod: '10.0.0.20',
    host: 32,
    gateway: '169.254.1.1',
    net: '10.9.0.5',
    netLength: 24,
    network: '10.9.0.0/24',
    other: '10.8.0.0/16',
    elsewhere: '9.9.9.9',
    all: '0.0.0.0/0',
  },
  {
    family: 'ipv6',
    pod: 'fd00::20',
    host: 128,
    gateway: 'fe80::1',
    net: 'fd00:9::5',
    netLength: 64,
    network: 'fd00:9::/64',
    other: 'fd00:8::/48',
    elsewhere: 'fd99::9',
    all: '::/0',
  },
] as const satisfies readonly ({ readonly family: Family } & Record<string, unknown>)[];

export function routingSuite(world: World): void {
  const { kernel } = world;
  describe.each(families)('addresses, routes and rules of $family', (one) => {
    const { family } = one;
    const up = (): readonly NetChange[] => [veth(world), { op: 'set-link', link: 'lo', up: true }];
    const routes = (netns: Netns, table: number): readonly string[] =>
      kernel
        .routes(netns, table, family)
        .map(
          ({ destination, link, gateway }) =>
            `${formatPrefix(destination)} ${link}${gateway === undefined ? '' : ` ${gateway}`}`,
        );
    const replaceAddress = {
      op: 'replace-address',
      link: 'host0',
      address: ip(one.net),
      length: one.netLength,
      noDad: true,
    } as const;

    it('a black hole is there once, and is taken away as often', () => {
      const destination = prefix(one.other);
      const linksTo = (): readonly (string | undefined)[] =>
        kernel
          .routes(world.node, 254, family)
          .filter((route) => formatPrefix(route.destination) === one.other)
          .map(({ link }) => (link === 'host0' ? link : 'nowhere'));
      kernel.apply(world.node, [...up(), { op: 'replace-blackhole', destination }]);
      kernel.apply(world.node, [{ op: 'replace-blackhole', destination }]);
      expect(linksTo()).toEqual(['nowhere']);
      kernel.apply(world.node, [{ op: 'delete-route', destination }]);
      kernel.apply(world.node, [{ op: 'delete-route', destination }]);
      expect(linksTo()).toEqual([]);
    });

    it('an address is there once, however often it is set, and is taken away as often', () => {
      const own = (): readonly unknown[] =>
        kernel.addresses(world.node, family).filter(({ address }) => address === ip(one.net));
      kernel.apply(world.node, [...up(), replaceAddress, replaceAddress]);
      expect(own()).toEqual([{ link: 'host0', address: ip(one.net), length: one.netLength }]);
      const remove = { op: 'delete-address', link: 'host0', address: ip(one.net), length: one.netLength } as const;
      kernel.apply(world.node, [remove, remove, { ...remove, link: 'none' }]);
      expect(own()).toEqual([]);
      expect(refusal(() => kernel.apply(world.node, [{ ...replaceAddress, link: 'none' }])).errno).toBe('ENODEV');
    });

    it('an address brings the route of its prefix, unless it must not', () => {
      kernel.apply(world.node, [...up(), { ...replaceAddress, noPrefixRoute: true }]);
      expect(routes(world.node, 254)).not.toContain(`${one.network} host0`);
      kernel.apply(world.node, [
        { op: 'delete-address', link: 'host0', address: ip(one.net), length: one.netLength },
        replaceAddress,
      ]);
      expect(routes(world.node, 254)).toContain(`${one.network} host0`);
    });

    it('a route is replaced by the next to its destination in its table, and deleted as often as one likes', () => {
      const more = veth(world, { name: 'host1', peer: { name: 'eth1', netns: world.pod } });
      const route = { op: 'replace-route', destination: prefix(one.other), link: 'host0', table: 20000 } as const;
      kernel.apply(world.node, [...up(), more, replaceAddress, route, route, { ...route, table: 20001 }]);
      expect(routes(world.node, 20000)).toEqual([`${one.other} host0`]);
      kernel.apply(world.node, [{ ...route, link: 'host1' }]);
      expect(routes(world.node, 20000)).toEqual([`${one.other} host1`]);
      expect(routes(world.node, 20001)).toEqual([`${one.other} host0`]);
      const remove = { op: 'delete-route', destination: prefix(one.other), table: 20000 } as const;
      kernel.apply(world.node, [
        { ...remove, link: 'host0' },
        { ...remove, link: 'none' },
      ]);
      expect(routes(world.node, 20000)).toHaveLength(1);
      kernel.apply(world.node, [remove, remove, { ...remove, table: 4711 }]);
      expect(routes(world.node, 20000)).toEqual([]);
    });

    it('a gateway must be reachable on the link, or taken as such', () => {
      kernel.apply(world.node, up());
      const route = {
        op: 'replace-route',
        destination: prefix(one.all),
        link: 'host0',
        gateway: ip(one.elsewhere),
        table: 20000,
      } as const;
      const unreachable = refusal(() => kernel.apply(world.node, [route]));
      expect(unreachable.errno).toMatch(/^E(NET|HOST)UNREACH$/);
      expect(unreachable).toMatchObject({ operation: 'replace-route' });
      kernel.apply(world.node, [{ ...route, onlink: true }]);
      expect(routes(world.node, 20000)).toEqual([`${one.all} host0 ${ip(one.elsewhere)}`]);
    });

    it('a route needs a link that is up, and goes with it', () => {
      const route = { op: 'replace-route', destination: prefix(one.other), link: 'host0', table: 20000 } as const;
      expect(refusal(() => kernel.apply(world.node, [veth(world, { up: false }), route])).errno).toBe('ENETDOWN');
      kernel.apply(world.node, [
        { op: 'set-link', link: 'host0', up: true },
        route,
        { op: 'delete-link', link: 'host0' },
      ]);
      expect(routes(world.node, 20000)).toEqual([]);
      expect(refusal(() => kernel.apply(world.node, [route])).errno).toBe('ENODEV');
    });

    it('a pod’s whole plan holds when it is said twice', () => {
      const host: readonly NetChange[] = [
        {
          op: 'replace-route',
          destination: prefix(`${one.pod}/${one.host}`),
          link: 'host0',
          scope: 'link',
          table: 20000,
        },
        { op: 'replace-neighbour', link: 'host0', address: ip(one.pod), mac: farMac },
      ];
      const inside: readonly NetChange[] = [
        { op: 'set-link', link: 'eth0', up: true },
        { op: 'replace-address', link: 'eth0', address: ip(one.pod), length: one.host, noDad: true },
        { op: 'replace-route', destination: prefix(`${one.gateway}/${one.host}`), link: 'eth0', scope: 'link' },
        { op: 'replace-route', destination: prefix(one.all), link: 'eth0', gateway: ip(one.gateway) },
        { op: 'replace-neighbour', link: 'eth0', address: ip(one.gateway), mac: nearMac },
      ];
      kernel.apply(world.node, [veth(world), ...host, ...host]);
      kernel.apply(world.pod, [...inside, ...inside]);
      expect(routes(world.pod, 254)).toEqual(
        expect.arrayContaining([`${one.all} eth0 ${ip(one.gateway)}`, `${one.gateway}/${one.host} eth0`]),
      );
      const neighbour = { link: 'eth0', address: ip(one.gateway), mac: nearMac, permanent: true };
      expect(kernel.neighbours(world.pod, family).filter(({ permanent }) => permanent)).toEqual([neighbour]);
      expect(kernel.neighbours(world.pod, family === 'ipv4' ? 'ipv6' : 'ipv4')).not.toContainEqual(neighbour);
      kernel.apply(world.pod, [
        { op: 'delete-neighbour', link: 'eth0', address: ip(one.gateway) },
        { op: 'delete-neighbour', link: 'eth0', address: ip(one.gateway) },
        { op: 'delete-neighbour', link: 'none', address: ip(one.gateway) },
      ]);
      const lost = refusal(() =>
        kernel.apply(world.pod, [{ op: 'replace-neighbour', link: 'none', address: ip(one.pod), mac: farMac }]),
      );
      expect(lost.errno).toBe('ENODEV');
      expect(kernel.neighbours(world.pod, family).filter(({ permanent }) => permanent)).toEqual([]);
    });

    it('a rule is there once, and only rules that look a table up and are not the kernel’s own are told of', () => {
      const own = family === 'ipv6' ? ({ family } as const) : {};
      const plain = { priority: 700, table: 20000, ...own };
      const full = {
        priority: 800,
        table: 300,
        ...own,
        from: prefix(one.network),
        to: prefix(one.other),
        mark: { value: 0x1000, mask: 0x1000 },
        inputLink: 'host0',
      };
      kernel.apply(world.node, [
        { op: 'add-rule', ...plain },
        { op: 'add-rule', ...full },
        { op: 'add-rule', ...plain },
        { op: 'add-rule', ...full },
      ]);
      expect(kernel.rules(world.node, family)).toEqual([plain, full]);
      expect(kernel.rules(world.node, family === 'ipv4' ? 'ipv6' : 'ipv4')).toEqual([]);
      kernel.apply(world.node, [
        { op: 'delete-rule', ...full },
        { op: 'delete-rule', ...full },
        { op: 'delete-rule', ...plain },
      ]);
      expect(kernel.rules(world.node, family)).toEqual([]);
    });

    it('whoever watches is told of links, addresses, routes and rules that come and go', async () => {
      const events: NetEvent[] = [];
      const watch = kernel.watch(world.node, (event) => events.push(event));
      const told = async (part: unknown): Promise<void> =>
        expect.poll(() => events, { timeout: 10_000 }).toContainEqual(expect.objectContaining(part as object));
      try {
        const address = { address: ip(one.net), length: one.netLength };
        const route = { destination: prefix(one.other), table: 20000 };
        const rule = { priority: 700, table: 20000, ...(family === 'ipv6' ? { family } : {}) };
        kernel.apply(world.node, [
          ...up(),
          replaceAddress,
          { op: 'replace-route', link: 'host0', ...route },
          { op: 'add-rule', ...rule },
        ]);
        const link: unknown = expect.objectContaining({ name: 'host0', up: true });
        await told({ subject: 'link', change: 'set', link });
        await told({ subject: 'address', change: 'set', ...address });
        await told({ subject: 'route', change: 'set', ...route });
        await told({ subject: 'rule', change: 'set', rule });
        kernel.apply(world.node, [
          { op: 'delete-rule', ...rule },
          { op: 'delete-route', ...route },
          { op: 'delete-address', link: 'host0', ...address },
          { op: 'delete-link', link: 'host0' },
        ]);
        await told({ subject: 'rule', change: 'gone', rule });
        await told({ subject: 'route', change: 'gone', ...route });
        await told({ subject: 'address', change: 'gone', ...address });
        await told({ subject: 'link', change: 'gone', link: expect.objectContaining({ name: 'host0' }) as unknown });
        expect(events).not.toContainEqual({ subject: 'lost' });
      } finally {
        watch.close();
      }
      const before = events.length;
      kernel.apply(world.node, [veth(world)]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(events).toHaveLength(before);
    });

    it('whoever watches is told of routes that go with their link for IPv6 only', async () => {
      const route = { destination: prefix(one.other), table: 20000 };
      kernel.apply(world.node, [...up(), { op: 'replace-route', link: 'host0', ...route }]);
      const events: NetEvent[] = [];
      const watch = kernel.watch(world.node, (event) => events.push(event));
      try {
        kernel.apply(world.node, [
          { op: 'set-link', link: 'host0', up: false },
          // Told after all that went with the link.
          { op: 'add-rule', priority: 700, table: 20000 },
        ]);
        const rule = expect.objectContaining({ subject: 'rule', change: 'set' }) as unknown;
        await expect.poll(() => events, { timeout: 10_000 }).toContainEqual(rule);
        const told = events.filter((event) => event.subject === 'route' && event.table === 20000);
        expect(told).toEqual(family === 'ipv6' ? [{ subject: 'route', change: 'gone', ...route }] : []);
      } finally {
        watch.close();
      }
    });

    it('connections are forgotten by an address of either end and either direction, and no others', () => {
      const [from, to, other, elsewhere] = [ip(one.pod), ip(one.net), ip(one.elsewhere), ip(one.gateway)];
      const connections: readonly Tracked[] = [
        { original: [from, to], reply: [other, elsewhere] },
        { original: [to, from], reply: [elsewhere, other] },
      ];
      for (const address of [from, to, other, elsewhere]) {
        for (const connection of connections) world.track(world.node, connection);
        kernel.forgetConnections(world.node, address);
        expect(world.tracked(world.node, family)).toBe(0);
      }
      for (const connection of connections) world.track(world.node, connection);
      const [, ...strangers] = Array.from({ length: 20 }, (_, at) =>
        family === 'ipv4' ? ip(`10.7.0.${at}`) : ip(`fd07::${at}`),
      );
      kernel.forgetConnections(world.node);
      kernel.forgetConnections(world.node, ...strangers.slice(0, 2));
      kernel.forgetConnections(world.node, ...strangers);
      kernel.forgetConnections(world.pod, from);
      expect(world.tracked(world.node, family)).toBe(2);
      kernel.forgetConnections(world.node, ...strangers, from);
      expect(world.tracked(world.node, family)).toBe(0);
    });
  });
}
