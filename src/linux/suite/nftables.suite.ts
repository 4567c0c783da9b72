/** Rule texts and set elements. */
import { beforeEach, describe, expect, it } from 'vitest';

import { ipv4 } from '../../core/address/ipv4.ts';
import { ipv6 } from '../../core/address/ipv6.ts';
import { prefix } from '../../core/address/prefix.ts';
import type { ElementChange, KeyPart, NetEvent, RangePart, SetChange } from '../port.ts';
import { nearMac, refusal, type World } from './world.ts';

export function nftablesSuite(world: World): void {
  const { kernel } = world;
  describe('rule texts', () => {
    it('are one transaction: a mistake anywhere changes nothing, and is told in nft’s words', () => {
      kernel.nft(world.node, 'table inet t {\n chain c {\n }\n}\n');
      const mistake = refusal(() => kernel.nft(world.node, 'add table inet u\nadd rule inet t none accept\n'));
      expect(mistake).toMatchObject({ errno: 'ENOENT', operation: 'nft' });
      expect(mistake.text).toContain('No such file or directory');
      expect(kernel.nftList(world.node, 'tables')).toBe('table inet t\n');
      expect(kernel.nftList(world.pod, 'tables')).toBe('');
    });

    it('list what there is and refuse what there is not', () => {
      kernel.nft(world.node, 'table inet t {\n chain c {\n ip saddr 10.0.0.1 drop\n }\n}\n');
      expect(kernel.nftList(world.node, 'chain inet t c')).toContain('ip saddr 10.0.0.1 drop');
      expect(refusal(() => kernel.nftList(world.node, 'chain inet t none')).errno).toBe('ENOENT');
      kernel.nft(world.node, 'delete table inet t');
      expect(refusal(() => kernel.nftList(world.node, 'table inet t')).errno).toBe('ENOENT');
    });
  });

  it('whoever watches is told of tables that come and go, as when all is flushed', async () => {
    const events: NetEvent[] = [];
    const watch = kernel.watch(world.node, (event) => events.push(event));
    try {
      kernel.nft(world.node, 'table inet t {\n chain c {\n }\n}\n');
      await expect.poll(() => events, { timeout: 10_000 }).toEqual([{ subject: 'table', change: 'set', name: 't' }]);
      kernel.nft(world.node, 'add rule inet t c accept\n');
      kernel.nft(world.node, 'flush ruleset\n');
      await expect
        .poll(() => events.slice(1), { timeout: 10_000 })
        .toEqual([{ subject: 'table', change: 'gone', name: 't' }]);
    } finally {
      watch.close();
    }
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
      const list = /elements = \{([^}]*)\}/.exec(kernel.nftList(world.node, what))?.[1] ?? '';
      return list
        .split(',')
        .map((text) => text.trim().replaceAll(/\s+/g, ' '))
        .filter((text) => text !== '')
        .sort();
    };
    beforeEach(() => {
      kernel.nft(
        world.node,
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
      kernel.elements(world.node, [
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
      kernel.elements(world.node, [
        add('four', there),
        add('four', there),
        add('four', gone),
        remove('four', gone),
        remove('four', gone),
      ]);
      kernel.elements(world.node, [add('four', there), remove('four', gone)]);
      expect(elements('set inet t four')).toEqual(['10.0.0.1']);
      kernel.elements(world.node, []);
    });

    it('of a map have verdicts, which change by removing and adding in one transaction', () => {
      const keys = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((text) => [ipv4Key(text)]);
      const [a = [], b = [], c = [], d = []] = keys;
      kernel.elements(world.node, [
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
      expect(refusal(() => kernel.elements(world.node, [add('verdicts', a, { verdict: 'accept' })])).errno).toBe(
        'EEXIST',
      );
      kernel.elements(world.node, [remove('verdicts', a), add('verdicts', a, { verdict: 'accept' })]);
      expect(elements('map inet t verdicts')).toContain('10.0.0.1 : accept');
      expect(
        refusal(() =>
          kernel.elements(world.node, [remove('verdicts', b), add('verdicts', b, { verdict: { jump: 'none' } })]),
        ).errno,
      ).toBe('ENOENT');
      expect(elements('map inet t verdicts')).toContain('10.0.0.2 : goto two');
    });

    it('of interval sets are ranges, alone or in a concatenation', () => {
      const range = (text: string): RangePart => ({ type: 'prefix', value: prefix(text) });
      const ports = (from: number, to: number): RangePart => ({ type: 'ports', from, to });
      const wide = ['10.0.0.0/8', '11.0.0.0/16', '11.1.0.0/16', '192.168.0.1/32', '255.255.255.0/24'];
      kernel.elements(world.node, [
        ...wide.map((text) => add('ranges', [range(text)])),
        add('ranges6', [range('fd00::/8')]),
        add('ranges6', [range('::1/128')]),
        add('areas', [link('host0'), range('10.0.0.0/16'), ports(80, 90)]),
        add('areas', [link('host0'), range('10.1.0.0/32'), ports(443, 443)]),
      ]);
      kernel.elements(world.node, [add('ranges', [range('10.0.0.0/8')]), remove('ranges', [range('12.0.0.0/8')])]);
      expect(elements('set inet t ranges')).toEqual([
        '10.0.0.0/8',
        '11.0.0.0/16',
        '11.1.0.0/16',
        '192.168.0.1',
        '255.255.255.0/24',
      ]);
      expect(elements('set inet t ranges6')).toEqual(['::1', 'fd00::/8']);
      expect(elements('set inet t areas')).toEqual(['"host0" . 10.0.0.0/16 . 80-90', '"host0" . 10.1.0.0 . 443']);
      kernel.elements(world.node, [
        remove('ranges', [range('11.0.0.0/16')]),
        remove('ranges', [range('255.255.255.0/24')]),
        remove('areas', [link('host0'), range('10.0.0.0/16'), ports(80, 90)]),
      ]);
      expect(elements('set inet t ranges')).toEqual(['10.0.0.0/8', '11.1.0.0/16', '192.168.0.1']);
      expect(elements('set inet t areas')).toEqual(['"host0" . 10.1.0.0 . 443']);
    });

    it('and the chains that they jump to come and go in one transaction', () => {
      const key = [ipv4Key('10.0.0.1')];
      const come: readonly SetChange[] = [
        { op: 'add-chain', table: 't', chain: 'three' },
        add('verdicts', key, { verdict: { jump: 'three' } }),
      ];
      kernel.elements(world.node, come);
      kernel.elements(world.node, come);
      expect(elements('map inet t verdicts')).toEqual(['10.0.0.1 : jump three']);
      kernel.nft(world.node, 'add rule inet t three accept');
      const gone: SetChange = { op: 'remove-chain', table: 't', chain: 'three' };
      const used = refusal(() => kernel.elements(world.node, [remove('four', key), gone]));
      expect(used).toMatchObject({ errno: 'EBUSY', operation: 'remove-chain', object: 't three' });
      kernel.elements(world.node, come);
      expect(kernel.nftList(world.node, 'chain inet t three')).toContain('accept');
      kernel.elements(world.node, [remove('verdicts', key), gone, gone]);
      kernel.elements(world.node, [gone]);
      expect(refusal(() => kernel.nftList(world.node, 'chain inet t three')).errno).toBe('ENOENT');
      expect(refusal(() => kernel.elements(world.node, [{ ...gone, table: 'none' }])).errno).toBe('ENOENT');
      expect(refusal(() => kernel.elements(world.node, [...come, add('none', key)])).errno).toBe('ENOENT');
      expect(refusal(() => kernel.nftList(world.node, 'chain inet t three')).errno).toBe('ENOENT');
    });

    it('are all changed or none', () => {
      const failed = refusal(() =>
        kernel.elements(world.node, [add('four', [ipv4Key('10.0.0.1')]), add('none', [ipv4Key('10.0.0.1')])]),
      );
      expect(failed).toMatchObject({ errno: 'ENOENT', operation: 'add-element', object: 't none' });
      expect(
        refusal(() =>
          kernel.elements(world.node, [add('four', [ipv4Key('10.0.0.1')]), remove('none', [ipv4Key('10.0.0.1')])]),
        ).errno,
      ).toBe('ENOENT');
      expect(refusal(() => kernel.elements(world.node, [add('four', [link('host0')])])).errno).toBe('EINVAL');
      expect(elements('set inet t four')).toEqual([]);
    });

    it('come and go by the thousand in one transaction', () => {
      const many = Array.from({ length: 5000 }, (_, at) => [link('host0'), ipv4Key(`10.1.${at >> 8}.${at & 255}`)]);
      kernel.elements(
        world.node,
        many.map((key) => add('pods', key)),
      );
      expect(elements('set inet t pods')).toHaveLength(5000);
      kernel.elements(
        world.node,
        many.slice(1).map((key) => remove('pods', key)),
      );
      expect(elements('set inet t pods')).toEqual(['"host0" . 10.1.0.0']);
    });
  });
}
