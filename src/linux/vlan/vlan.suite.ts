/** What every kind of VLAN device does, with real packets between two namespaces and one trunk. */
import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ipv4 } from '../../core/address/ipv4.ts';
import { mac } from '../../core/address/mac.ts';
import { openKernel } from '../kernel.ts';
import { OpenNetns } from '../netns/open-netns.ts';
import type { Kernel, Netns } from '../port.ts';
import { addVlan, removeVlan } from './vlan.ts';
import type { VlanMaker, VlanSpec } from './vlan-maker.ts';

type Side = 'near' | 'far';
const sides = ['near', 'far'] as const;
const addresses = { near: ipv4('10.0.0.1'), far: ipv4('10.0.0.2') };
const untagged = { near: ipv4('10.9.0.1'), far: ipv4('10.9.0.2') };
const errnoOf = (action: () => void): unknown => {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Error && 'errno' in error ? error.errno : error;
  }
};

export function vlanSuite(name: string, maker: VlanMaker): void {
  describe(`a VLAN device: ${name}`, () => {
    const spaces: Record<Side, string> = { near: `brlt-${process.pid}-vn`, far: `brlt-${process.pid}-vf` };
    let kernel: Kernel;
    let netns: Record<Side, Netns>;
    const servers: Server[] = [];

    const add = (side: Side, id: number, rest: Partial<VlanSpec> = {}): void =>
      addVlan(OpenNetns.of(netns[side]).route, { name: `vlan${id}`, trunk: 'trunk', id, up: true, ...rest }, maker);
    const remove = (side: Side, id: number): void =>
      removeVlan(OpenNetns.of(netns[side]).route, { name: `vlan${id}`, trunk: 'trunk', id });
    /** All VLANs have the same addresses: only the tag tells them apart. */
    const address = (side: Side, link: string): void => {
      const own = link === 'trunk' ? untagged[side] : addresses[side];
      kernel.apply(netns[side], [{ op: 'replace-address', link, address: own, length: 24 }]);
      // An unanswered ARP request is given up after three of these.
      kernel.sysctl(netns[side], `net/ipv4/neigh/${link}/retrans_time_ms`, '50');
    };
    const serve = async (words: string, at = addresses.far): Promise<void> => {
      const server = createServer((socket) => socket.end(words));
      servers.push(server.listen({ fd: kernel.listenTcp(netns.far, { address: at, port: 80 }) }));
      await once(server, 'listening');
    };
    /** What the far side says, or why nothing came of it. */
    const ask = async (to = addresses.far): Promise<string> => {
      const fd = kernel.connectTcp(netns.near, { address: to, port: 80 });
      const socket = new Socket({ fd, readable: true, writable: true });
      try {
        const [bytes] = await once(socket, 'data');
        return String(bytes);
      } catch (error) {
        return error instanceof Error && 'code' in error ? String(error.code) : String(error);
      } finally {
        socket.destroy();
      }
    };

    beforeEach(() => {
      kernel = openKernel();
      netns = { near: kernel.createNetns(spaces.near), far: kernel.createNetns(spaces.far) };
      kernel.apply(netns.near, [
        { op: 'add-veth', name: 'trunk', mtu: 9001, up: true, peer: { name: 'trunk', netns: netns.far, mtu: 9001 } },
      ]);
      kernel.apply(netns.far, [{ op: 'set-link', link: 'trunk', up: true }]);
      // Else a machine answers for its addresses on whichever of its links is asked.
      kernel.sysctl(netns.far, 'net/ipv4/conf/all/arp_ignore', '1');
    });
    afterEach(() => {
      for (const server of servers.splice(0)) server.close();
      for (const side of sides) {
        netns[side].close();
        kernel.deleteNetns(spaces[side]);
      }
    });

    it('has the name, MAC and MTU that it was given, or its trunk’s', () => {
      add('near', 101, { name: 'vlan.eth.1', mac: mac('02:00:00:00:01:01'), mtu: 1500 });
      add('near', 102, { up: false });
      expect(kernel.link(netns.near, 'vlan.eth.1')).toMatchObject({ mac: '02:00:00:00:01:01', mtu: 1500, up: true });
      const trunk = kernel.link(netns.near, 'trunk');
      expect(kernel.link(netns.near, 'vlan102')).toMatchObject({ mac: trunk?.mac, mtu: 9001, up: false });
    });

    it('carries packets of its own VLAN, beside untagged ones on the trunk', async () => {
      for (const side of sides) {
        add(side, 101);
        add(side, 102);
        address(side, 'trunk');
      }
      address('near', 'vlan101');
      address('far', 'vlan101');
      await serve('tagged');
      await serve('untagged', untagged.far);
      expect([await ask(), await ask(untagged.far)]).toEqual(['tagged', 'untagged']);
    });

    it('carries no packets of another VLAN, nor of one that is not there', async () => {
      for (const side of sides) add(side, 101);
      for (const side of sides) add(side, 102);
      address('near', 'vlan101');
      address('far', 'vlan102');
      await serve('from the wrong VLAN');
      expect(await ask()).toBe('EHOSTUNREACH');
      remove('far', 101);
      expect(await ask()).toBe('EHOSTUNREACH');
    });

    it('is taken away as often as one likes, and can be made again', async () => {
      for (const side of sides) {
        add(side, 101);
        remove(side, 101);
        remove(side, 101);
        expect(kernel.link(netns[side], 'vlan101')).toBeUndefined();
        add(side, 101);
        address(side, 'vlan101');
        // Another that never was is no reason to touch the one that now has its VLAN id.
        removeVlan(OpenNetns.of(netns[side]).route, { name: 'other', trunk: 'trunk', id: 101 });
        // Nor is one that goes and had another id than its remover thinks.
        add(side, 102);
        removeVlan(OpenNetns.of(netns[side]).route, { name: 'vlan102', trunk: 'trunk', id: 101 });
      }
      await serve('again');
      expect(await ask()).toBe('again');
      expect(
        kernel.links(netns.near).filter(({ name: link }) => link !== 'lo' && link !== 'trunk').length,
      ).toBeLessThanOrEqual(2);
    });

    it('is refused where its name or its VLAN id is taken, or its trunk absent', () => {
      add('near', 101);
      expect(errnoOf(() => add('near', 101))).toBe('EEXIST');
      expect(errnoOf(() => add('near', 101, { name: 'other' }))).toBe('EEXIST');
      expect(errnoOf(() => add('near', 102, { name: 'vlan101' }))).toBe('EEXIST');
      expect(errnoOf(() => add('near', 103, { trunk: 'none' }))).toBe('ENODEV');
      expect(() => add('near', 4095)).toThrow(RangeError);
      expect(kernel.link(netns.near, 'other')).toBeUndefined();
    });
  });
}
