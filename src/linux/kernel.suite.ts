/** What every implementation of the kernel port does, asked through the port alone. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ip } from '../core/address/ip.ts';
import type { Ip } from '../core/address/ip.ts';
import { ipv4 } from '../core/address/ipv4.ts';
import { ipv6 } from '../core/address/ipv6.ts';
import { mac } from '../core/address/mac.ts';
import { formatPrefix, prefix } from '../core/address/prefix.ts';
import { KernelError } from './errors.ts';
import type { ElementChange, Family, Kernel, KeyPart, NetChange, Netns, RangePart } from './port.ts';

export interface KernelUnderTest {
  readonly kernel: Kernel;
  /** Makes a tracked connection between two namespaces that reach each other; it shows in the first. */
  readonly connect: (ends: { readonly from: Netns; readonly to: Netns; readonly address: Ip }) => Promise<void>;
}

const nearMac = mac('02:00:00:00:00:01');
const farMac = mac('02:00:00:00:00:02');
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

const refusal = (action: () => unknown): KernelError => {
  try {
    action();
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

export function kernelSuite(name: string, open: () => KernelUnderTest): void {
  describe(`the kernel port: ${name}`, () => {
    const { kernel, connect } = open();
    const names = [`brlt-${process.pid}-a`, `brlt-${process.pid}-b`] as const;
    let node: Netns;
    let pod: Netns;
    const veth = (part: Partial<Extract<NetChange, { op: 'add-veth' }>> = {}): NetChange => ({
      op: 'add-veth',
      name: 'host0',
      mac: nearMac,
      mtu: 9001,
      up: true,
      peer: { name: 'eth0', netns: pod, mac: farMac, mtu: 9001 },
      ...part,
    });
    beforeEach(() => {
      [node, pod] = [kernel.createNetns(names[0]), kernel.createNetns(names[1])];
    });
    afterEach(() => {
      for (const netns of [node, pod]) netns.close();
      for (const one of names) kernel.deleteNetns(one);
    });

    describe('namespaces', () => {
      it('are made with loopback up, once, and are found by their path', () => {
        expect(kernel.link(node, 'lo')?.up).toBe(true);
        const again = kernel.createNetns(names[0]);
        const found = kernel.openNetns(`/run/netns/${names[0]}`);
        expect([again.identity, found.identity]).toEqual([node.identity, node.identity]);
        expect(pod.identity).not.toBe(node.identity);
        expect(kernel.self().identity).not.toBe(node.identity);
        again.close();
        found.close();
      });

      it('that are gone are gone without complaint, and cannot be opened', () => {
        kernel.deleteNetns(names[1]);
        kernel.deleteNetns(names[1]);
        expect(refusal(() => kernel.openNetns(`/run/netns/${names[1]}`)).errno).toBe('ENOENT');
      });

      it('take the links of their pods with them', async () => {
        kernel.apply(node, [veth()]);
        pod.close();
        kernel.deleteNetns(names[1]);
        await expect.poll(() => kernel.link(node, 'host0'), { timeout: 10_000 }).toBeUndefined();
        pod = kernel.createNetns(names[1]);
      });
    });

    describe('links', () => {
      it('are made as pairs, each end in its namespace', () => {
        kernel.apply(node, [veth({ group: 7 })]);
        expect(kernel.link(node, 'host0')).toMatchObject({
          name: 'host0',
          mac: nearMac,
          mtu: 9001,
          up: true,
          kind: 'veth',
          group: 7,
        });
        expect(kernel.link(pod, 'eth0')).toMatchObject({
          name: 'eth0',
          mac: farMac,
          mtu: 9001,
          up: false,
          kind: 'veth',
          group: 0,
        });
        expect(
          kernel
            .links(pod)
            .map((link) => link.name)
            .sort(),
        ).toEqual(['eth0', 'lo']);
        expect(kernel.link(pod, 'host0')).toBeUndefined();
      });

      it('whose name is taken are refused, and nothing after them is done', () => {
        kernel.apply(node, [veth()]);
        const again = refusal(() =>
          kernel.apply(node, [veth({ peer: { name: 'other' } }), { op: 'set-link', link: 'host0', mtu: 1400 }]),
        );
        expect(again).toMatchObject({ errno: 'EEXIST', operation: 'add-veth' });
        expect(again.message).toContain('host0');
        expect(kernel.link(node, 'host0')?.mtu).toBe(9001);
        expect(refusal(() => kernel.apply(node, [veth({ name: 'host1' })])).errno).toBe('EEXIST');
        expect(kernel.link(node, 'host1')).toBeUndefined();
      });

      it('are changed in what is named and keep the rest, as often as one likes', () => {
        const change: NetChange = { op: 'set-link', link: 'host0', up: false, mtu: 1400, group: 3 };
        kernel.apply(node, [veth(), change, change]);
        expect(kernel.link(node, 'host0')).toMatchObject({ mac: nearMac, mtu: 1400, up: false, group: 3 });
        kernel.apply(node, [
          { op: 'set-link', link: 'host0', rename: 'host9', mac: farMac },
          { op: 'set-link', link: 'host9', up: true },
        ]);
        expect(kernel.link(node, 'host9')).toMatchObject({ mac: farMac, mtu: 1400, up: true });
        expect(kernel.link(node, 'host0')).toBeUndefined();
      });

      it('that are absent cannot be changed, and are deleted already', () => {
        expect(refusal(() => kernel.apply(node, [{ op: 'set-link', link: 'none', up: true }])).errno).toBe('ENODEV');
        kernel.apply(node, [
          { op: 'delete-link', link: 'none' },
          { op: 'delete-group', group: 4711 },
        ]);
      });

      it('are deleted with both ends, alone or by group', () => {
        kernel.apply(node, [
          veth({ group: 5 }),
          veth({ name: 'host1', group: 5, peer: { name: 'eth1', netns: pod } }),
          veth({ name: 'host2', peer: { name: 'eth2', netns: pod } }),
          { op: 'delete-group', group: 5 },
        ]);
        expect(
          kernel
            .links(pod)
            .map((link) => link.name)
            .sort(),
        ).toEqual(['eth2', 'lo']);
        kernel.apply(node, [{ op: 'delete-link', link: 'host2' }]);
        expect([kernel.links(node).length, kernel.links(pod).length]).toEqual([1, 1]);
        expect(refusal(() => kernel.apply(node, [{ op: 'delete-group', group: 0 }])).errno).toBe('EPERM');
      });
    });

    describe.each(families)('addresses, routes and rules of $family', (one) => {
      const { family } = one;
      const up = (): readonly NetChange[] => [veth(), { op: 'set-link', link: 'lo', up: true }];
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

      it('an address is there once, however often it is set, and is taken away as often', () => {
        const own = (): readonly unknown[] =>
          kernel.addresses(node, family).filter(({ address }) => address === ip(one.net));
        kernel.apply(node, [...up(), replaceAddress, replaceAddress]);
        expect(own()).toEqual([{ link: 'host0', address: ip(one.net), length: one.netLength }]);
        const remove = { op: 'delete-address', link: 'host0', address: ip(one.net), length: one.netLength } as const;
        kernel.apply(node, [remove, remove, { ...remove, link: 'none' }]);
        expect(own()).toEqual([]);
        expect(refusal(() => kernel.apply(node, [{ ...replaceAddress, link: 'none' }])).errno).toBe('ENODEV');
      });

      it('an address brings the route of its prefix, unless it must not', () => {
        kernel.apply(node, [...up(), { ...replaceAddress, noPrefixRoute: true }]);
        expect(routes(node, 254)).not.toContain(`${one.network} host0`);
        kernel.apply(node, [
          { op: 'delete-address', link: 'host0', address: ip(one.net), length: one.netLength },
          replaceAddress,
        ]);
        expect(routes(node, 254)).toContain(`${one.network} host0`);
      });

      it('a route is replaced by the next to its destination in its table, and deleted as often as one likes', () => {
        const more = veth({ name: 'host1', peer: { name: 'eth1', netns: pod } });
        const route = { op: 'replace-route', destination: prefix(one.other), link: 'host0', table: 20000 } as const;
        kernel.apply(node, [...up(), more, replaceAddress, route, route, { ...route, table: 20001 }]);
        expect(routes(node, 20000)).toEqual([`${one.other} host0`]);
        kernel.apply(node, [{ ...route, link: 'host1' }]);
        expect(routes(node, 20000)).toEqual([`${one.other} host1`]);
        expect(routes(node, 20001)).toEqual([`${one.other} host0`]);
        const remove = { op: 'delete-route', destination: prefix(one.other), table: 20000 } as const;
        kernel.apply(node, [
          { ...remove, link: 'host0' },
          { ...remove, link: 'none' },
        ]);
        expect(routes(node, 20000)).toHaveLength(1);
        kernel.apply(node, [remove, remove, { ...remove, table: 4711 }]);
        expect(routes(node, 20000)).toEqual([]);
      });

      it('a gateway must be reachable on the link, or taken as such', () => {
        kernel.apply(node, up());
        const route = {
          op: 'replace-route',
          destination: prefix(one.all),
          link: 'host0',
          gateway: ip(one.elsewhere),
          table: 20000,
        } as const;
        const unreachable = refusal(() => kernel.apply(node, [route]));
        expect(unreachable.errno).toMatch(/^E(NET|HOST)UNREACH$/);
        expect(unreachable).toMatchObject({ operation: 'replace-route' });
        kernel.apply(node, [{ ...route, onlink: true }]);
        expect(routes(node, 20000)).toEqual([`${one.all} host0 ${ip(one.elsewhere)}`]);
      });

      it('a route needs a link that is up, and goes with it', () => {
        const route = { op: 'replace-route', destination: prefix(one.other), link: 'host0', table: 20000 } as const;
        expect(refusal(() => kernel.apply(node, [veth({ up: false }), route])).errno).toBe('ENETDOWN');
        kernel.apply(node, [{ op: 'set-link', link: 'host0', up: true }, route, { op: 'delete-link', link: 'host0' }]);
        expect(routes(node, 20000)).toEqual([]);
        expect(refusal(() => kernel.apply(node, [route])).errno).toBe('ENODEV');
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
        kernel.apply(node, [veth(), ...host, ...host]);
        kernel.apply(pod, [...inside, ...inside]);
        expect(routes(pod, 254)).toEqual(
          expect.arrayContaining([`${one.all} eth0 ${ip(one.gateway)}`, `${one.gateway}/${one.host} eth0`]),
        );
        kernel.apply(pod, [
          { op: 'delete-neighbour', link: 'eth0', address: ip(one.gateway) },
          { op: 'delete-neighbour', link: 'eth0', address: ip(one.gateway) },
          { op: 'delete-neighbour', link: 'none', address: ip(one.gateway) },
        ]);
        const lost = refusal(() =>
          kernel.apply(pod, [{ op: 'replace-neighbour', link: 'none', address: ip(one.pod), mac: farMac }]),
        );
        expect(lost.errno).toBe('ENODEV');
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
        kernel.apply(node, [
          { op: 'add-rule', ...plain },
          { op: 'add-rule', ...full },
          { op: 'add-rule', ...plain },
          { op: 'add-rule', ...full },
        ]);
        expect(kernel.rules(node, family)).toEqual([plain, full]);
        expect(kernel.rules(node, family === 'ipv4' ? 'ipv6' : 'ipv4')).toEqual([]);
        kernel.apply(node, [
          { op: 'delete-rule', ...full },
          { op: 'delete-rule', ...full },
          { op: 'delete-rule', ...plain },
        ]);
        expect(kernel.rules(node, family)).toEqual([]);
      });

      it('connections are forgotten by an address of either end and either direction', async () => {
        kernel.nft(
          node,
          'table inet track {\n chain input {\n type filter hook input priority 0;\n ct state established accept;\n }\n}',
        );
        const mine = family === 'ipv4' ? ip('10.9.0.6') : ip('fd00:9::6');
        kernel.apply(node, [...up(), replaceAddress]);
        kernel.apply(pod, [
          { op: 'set-link', link: 'eth0', up: true },
          { op: 'replace-address', link: 'eth0', address: mine, length: one.netLength, noDad: true },
        ]);
        await connect({ from: node, to: pod, address: mine });
        expect(kernel.forgetConnections(node, ip(one.elsewhere))).toBe(0);
        expect(kernel.forgetConnections(node, mine)).toBe(1);
        expect(kernel.forgetConnections(node, mine)).toBe(0);
      });
    });

    describe('rule texts', () => {
      it('are one transaction: a mistake anywhere changes nothing, and is told in nft’s words', () => {
        kernel.nft(node, 'table inet t {\n chain c {\n }\n}\n');
        const mistake = refusal(() => kernel.nft(node, 'add table inet u\nadd rule inet t none accept\n'));
        expect(mistake).toMatchObject({ errno: 'ENOENT', operation: 'nft' });
        expect(mistake.text).toContain('No such file or directory');
        expect(kernel.nftList(node, 'tables')).toBe('table inet t\n');
        expect(kernel.nftList(pod, 'tables')).toBe('');
      });

      it('list what there is and refuse what there is not', () => {
        kernel.nft(node, 'table inet t {\n chain c {\n ip saddr 10.0.0.1 drop\n }\n}\n');
        expect(kernel.nftList(node, 'chain inet t c')).toContain('ip saddr 10.0.0.1 drop');
        expect(refusal(() => kernel.nftList(node, 'chain inet t none')).errno).toBe('ENOENT');
        kernel.nft(node, 'delete table inet t');
        expect(refusal(() => kernel.nftList(node, 'table inet t')).errno).toBe('ENOENT');
      });
    });

    describe('elements', () => {
      const ipv4Key = (text: string): KeyPart => ({ type: 'ipv4', value: ipv4(text) });
      const link = (value: string): KeyPart => ({ type: 'ifname', value });
      const add = (
        set: string,
        key: readonly (KeyPart | RangePart)[],
        rest: Partial<Extract<ElementChange, { op: 'add' }>> = {},
      ): ElementChange => ({ op: 'add', table: 't', set, key, ...rest });
      const remove = (set: string, key: readonly (KeyPart | RangePart)[]): ElementChange => ({
        op: 'remove',
        table: 't',
        set,
        key,
      });
      const elements = (what: string): readonly string[] => {
        const list = /elements = \{([^}]*)\}/.exec(kernel.nftList(node, what))?.[1] ?? '';
        return list
          .split(',')
          .map((text) => text.trim().replaceAll(/\s+/g, ' '))
          .filter((text) => text !== '')
          .sort();
      };
      beforeEach(() => {
        kernel.nft(
          node,
          `table inet t {
            set four { type ipv4_addr; }
            set six { type ipv6_addr; }
            set macs { type ether_addr; }
            set links { type ifname; }
            set pods { type ifname . ipv4_addr; }
            set bearers { type ifname . ether_addr . ipv6_addr; }
            set probes { type ipv4_addr . inet_proto . inet_service; }
            set ranges { type ipv4_addr; flags interval; }
            set ranges6 { type ipv6_addr; flags interval; }
            set areas { type ifname . ipv4_addr . inet_service; flags interval; }
            map verdicts { type ipv4_addr : verdict; }
            chain one {
            }
            chain two {
            }
          }`,
        );
      });

      it('have keys of one part or several, of every type', () => {
        kernel.elements(node, [
          add('four', [ipv4Key('10.0.0.20')]),
          add('six', [{ type: 'ipv6', value: ipv6('fd00::20') }]),
          add('macs', [{ type: 'mac', value: nearMac }]),
          add('links', [link('host0')]),
          add('links', [link('a23456789012345')]),
          add('pods', [link('host0'), ipv4Key('10.0.0.20')]),
          add('bearers', [link('host0'), { type: 'mac', value: nearMac }, { type: 'ipv6', value: ipv6('fd00::20') }]),
          add('probes', [ipv4Key('10.0.0.20'), { type: 'protocol', value: 6 }, { type: 'port', value: 8080 }]),
        ]);
        expect(
          ['four', 'six', 'macs', 'links', 'pods', 'bearers', 'probes'].map((set) => elements(`set inet t ${set}`)),
        ).toEqual([
          ['10.0.0.20'],
          ['fd00::20'],
          [nearMac],
          ['"a23456789012345"', '"host0"'],
          ['"host0" . 10.0.0.20'],
          [`"host0" . ${nearMac} . fd00::20`],
          ['10.0.0.20 . tcp . 8080'],
        ]);
      });

      it('are added and removed as often as one likes', () => {
        const [there, gone] = [[ipv4Key('10.0.0.1')], [ipv4Key('10.0.0.2')]];
        kernel.elements(node, [
          add('four', there),
          add('four', there),
          add('four', gone),
          remove('four', gone),
          remove('four', gone),
        ]);
        kernel.elements(node, [add('four', there), remove('four', gone)]);
        expect(elements('set inet t four')).toEqual(['10.0.0.1']);
        kernel.elements(node, []);
      });

      it('of a map have verdicts, which change by removing and adding in one transaction', () => {
        const keys = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((text) => [ipv4Key(text)]);
        const [a = [], b = [], c = [], d = []] = keys;
        kernel.elements(node, [
          add('verdicts', a, { verdict: { jump: 'one' } }),
          add('verdicts', b, { verdict: { goto: 'two' } }),
          add('verdicts', c, { verdict: 'drop' }),
          add('verdicts', d, { verdict: 'return' }),
          add('verdicts', a, { verdict: { jump: 'one' } }),
        ]);
        expect(elements('map inet t verdicts')).toEqual([
          '10.0.0.1 : jump one',
          '10.0.0.2 : goto two',
          '10.0.0.3 : drop',
          '10.0.0.4 : return',
        ]);
        expect(refusal(() => kernel.elements(node, [add('verdicts', a, { verdict: 'accept' })])).errno).toBe('EEXIST');
        kernel.elements(node, [remove('verdicts', a), add('verdicts', a, { verdict: 'accept' })]);
        expect(elements('map inet t verdicts')).toContain('10.0.0.1 : accept');
        expect(
          refusal(() =>
            kernel.elements(node, [remove('verdicts', b), add('verdicts', b, { verdict: { jump: 'none' } })]),
          ).errno,
        ).toBe('ENOENT');
        expect(elements('map inet t verdicts')).toContain('10.0.0.2 : goto two');
      });

      it('of interval sets are ranges, alone or in a concatenation', () => {
        const range = (text: string): RangePart => ({ type: 'prefix', value: prefix(text) });
        const ports = (from: number, to: number): RangePart => ({ type: 'ports', from, to });
        const wide = ['10.0.0.0/8', '11.0.0.0/16', '11.1.0.0/16', '192.168.0.1/32', '255.255.255.0/24'];
        kernel.elements(node, [
          ...wide.map((text) => add('ranges', [range(text)])),
          add('ranges6', [range('fd00::/8')]),
          add('ranges6', [range('::1/128')]),
          add('areas', [link('host0'), range('10.0.0.0/16'), ports(80, 90)]),
          add('areas', [link('host0'), range('10.1.0.0/32'), ports(443, 443)]),
        ]);
        kernel.elements(node, [add('ranges', [range('10.0.0.0/8')]), remove('ranges', [range('12.0.0.0/8')])]);
        expect(elements('set inet t ranges')).toEqual([
          '10.0.0.0/8',
          '11.0.0.0/16',
          '11.1.0.0/16',
          '192.168.0.1',
          '255.255.255.0/24',
        ]);
        expect(elements('set inet t ranges6')).toEqual(['::1', 'fd00::/8']);
        expect(elements('set inet t areas')).toEqual(['"host0" . 10.0.0.0/16 . 80-90', '"host0" . 10.1.0.0 . 443']);
        kernel.elements(node, [
          remove('ranges', [range('11.0.0.0/16')]),
          remove('ranges', [range('255.255.255.0/24')]),
          remove('areas', [link('host0'), range('10.0.0.0/16'), ports(80, 90)]),
        ]);
        expect(elements('set inet t ranges')).toEqual(['10.0.0.0/8', '11.1.0.0/16', '192.168.0.1']);
        expect(elements('set inet t areas')).toEqual(['"host0" . 10.1.0.0 . 443']);
      });

      it('are all changed or none', () => {
        const failed = refusal(() =>
          kernel.elements(node, [add('four', [ipv4Key('10.0.0.1')]), add('none', [ipv4Key('10.0.0.1')])]),
        );
        expect(failed).toMatchObject({ errno: 'ENOENT', operation: 'add-element', object: 't none' });
        expect(
          refusal(() =>
            kernel.elements(node, [add('four', [ipv4Key('10.0.0.1')]), remove('none', [ipv4Key('10.0.0.1')])]),
          ).errno,
        ).toBe('ENOENT');
        expect(refusal(() => kernel.elements(node, [add('four', [link('host0')])])).errno).toBe('EINVAL');
        expect(elements('set inet t four')).toEqual([]);
      });

      it('come and go by the thousand in one transaction', () => {
        const many = Array.from({ length: 5000 }, (_, at) => [link('host0'), ipv4Key(`10.1.${at >> 8}.${at & 255}`)]);
        kernel.elements(
          node,
          many.map((key) => add('pods', key)),
        );
        expect(elements('set inet t pods')).toHaveLength(5000);
        kernel.elements(
          node,
          many.slice(1).map((key) => remove('pods', key)),
        );
        expect(elements('set inet t pods')).toEqual(['"host0" . 10.1.0.0']);
      });
    });

    it('a sysctl is written in its namespace, and an unknown one refused', () => {
      kernel.sysctl(node, 'net/ipv4/ip_forward', '1');
      kernel.apply(node, [veth()]);
      kernel.sysctl(node, 'net/ipv4/conf/host0/rp_filter', '2');
      expect(refusal(() => kernel.sysctl(pod, 'net/ipv4/conf/host0/rp_filter', '2'))).toMatchObject({
        errno: 'ENOENT',
        operation: 'sysctl',
      });
    });
  });
}
