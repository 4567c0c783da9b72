/** Namespaces and links. */
import { describe, expect, it } from 'vitest';

import type { NetChange } from '../port.ts';
import { farMac, nearMac, refusal, veth, type World } from './world.ts';

export function linksSuite(world: World): void {
  const { kernel } = world;
  describe('namespaces', () => {
    it('are made with loopback up, once, and are found by their path', () => {
      expect(kernel.link(world.node, 'lo')?.up).toBe(true);
      const again = kernel.createNetns(world.names[0]);
      const found = kernel.openNetns(`/run/netns/${world.names[0]}`);
      expect([again.identity, found.identity]).toEqual([world.node.identity, world.node.identity]);
      expect(world.pod.identity).not.toBe(world.node.identity);
      expect(kernel.self().identity).not.toBe(world.node.identity);
      again.close();
      found.close();
    });

    it('that are gone are gone without complaint, and cannot be opened', () => {
      kernel.deleteNetns(world.names[1]);
      kernel.deleteNetns(world.names[1]);
      expect(refusal(() => kernel.openNetns(`/run/netns/${world.names[1]}`)).errno).toBe('ENOENT');
    });

    it('take the links of their pods with them', async () => {
      kernel.apply(world.node, [veth(world)]);
      world.pod.close();
      kernel.deleteNetns(world.names[1]);
      await expect.poll(() => kernel.link(world.node, 'host0'), { timeout: 10_000 }).toBeUndefined();
      world.pod = kernel.createNetns(world.names[1]);
    });
  });

  describe('links', () => {
    it('are made as pairs, each end in its namespace', () => {
      kernel.apply(world.node, [veth(world, { group: 7 })]);
      expect(kernel.link(world.node, 'host0')).toMatchObject({
        name: 'host0',
        mac: nearMac,
        mtu: 9001,
        up: true,
        kind: 'veth',
        group: 7,
      });
      expect(kernel.link(world.pod, 'eth0')).toMatchObject({
        name: 'eth0',
        mac: farMac,
        mtu: 9001,
        up: false,
        kind: 'veth',
        group: 0,
      });
      expect(
        kernel
          .links(world.pod)
          .map((link) => link.name)
          .sort(),
      ).toEqual(['eth0', 'lo']);
      expect(kernel.link(world.pod, 'host0')).toBeUndefined();
    });

    it('whose name is taken are refused, and nothing after them is done', () => {
      kernel.apply(world.node, [veth(world)]);
      const again = refusal(() =>
        kernel.apply(world.node, [
          veth(world, { peer: { name: 'other' } }),
          { op: 'set-link', link: 'host0', mtu: 1400 },
        ]),
      );
      expect(again).toMatchObject({ errno: 'EEXIST', operation: 'add-veth' });
      expect(again.message).toContain('host0');
      expect(kernel.link(world.node, 'host0')?.mtu).toBe(9001);
      expect(refusal(() => kernel.apply(world.node, [veth(world, { name: 'host1' })])).errno).toBe('EEXIST');
      expect(kernel.link(world.node, 'host1')).toBeUndefined();
    });

    it('are changed in what is named and keep the rest, as often as one likes', () => {
      const change: NetChange = { op: 'set-link', link: 'host0', up: false, mtu: 1400, group: 3 };
      kernel.apply(world.node, [veth(world), change, change]);
      expect(kernel.link(world.node, 'host0')).toMatchObject({ mac: nearMac, mtu: 1400, up: false, group: 3 });
      kernel.apply(world.node, [
        { op: 'set-link', link: 'host0', rename: 'host9', mac: farMac },
        { op: 'set-link', link: 'host9', up: true },
      ]);
      expect(kernel.link(world.node, 'host9')).toMatchObject({ mac: farMac, mtu: 1400, up: true });
      expect(kernel.link(world.node, 'host0')).toBeUndefined();
    });

    it('that are absent cannot be changed, and are deleted already', () => {
      expect(refusal(() => kernel.apply(world.node, [{ op: 'set-link', link: 'none', up: true }])).errno).toBe(
        'ENODEV',
      );
      kernel.apply(world.node, [
        { op: 'delete-link', link: 'none' },
        { op: 'delete-group', group: 4711 },
      ]);
    });

    it('are deleted with both ends, alone or by group', () => {
      kernel.apply(world.node, [
        veth(world, { group: 5 }),
        veth(world, { name: 'host1', group: 5, peer: { name: 'eth1', netns: world.pod } }),
        veth(world, { name: 'host2', peer: { name: 'eth2', netns: world.pod } }),
        { op: 'delete-group', group: 5 },
      ]);
      expect(
        kernel
          .links(world.pod)
          .map((link) => link.name)
          .sort(),
      ).toEqual(['eth2', 'lo']);
      kernel.apply(world.node, [{ op: 'delete-link', link: 'host2' }]);
      expect([kernel.links(world.node).length, kernel.links(world.pod).length]).toEqual([1, 1]);
      expect(refusal(() => kernel.apply(world.node, [{ op: 'delete-group', group: 0 }])).errno).toBe('EPERM');
    });

    it('are deleted with nobody waiting, as many as one likes, and absent ones are gone already', async () => {
      const names = ['host0', 'host1', 'host2'];
      kernel.apply(
        world.node,
        names.map((name, at) => veth(world, { name, peer: { name: `eth${at}`, netns: world.pod } })),
      );
      const done = kernel.deleteLinks(world.node, ['host0', 'none', 'host2']);
      kernel.apply(world.node, [{ op: 'set-link', link: 'host1', mtu: 1400 }]);
      await done;
      expect(kernel.links(world.node).map((link) => link.name)).toEqual(['lo', 'host1']);
      expect(kernel.links(world.pod).map((link) => link.name)).toEqual(['lo', 'eth1']);
      await kernel.deleteLinks(world.node, []);
      // A device cannot be deleted, and keeps nothing else from it that is asked for later.
      await expect(kernel.deleteLinks(world.node, ['host1', 'lo'])).rejects.toMatchObject({ errno: 'EOPNOTSUPP' });
      expect(kernel.links(world.node).map((link) => link.name)).toEqual(['lo', 'host1']);
      await Promise.all([kernel.deleteLinks(world.node, ['host1']), kernel.deleteLinks(world.node, ['host1'])]);
      expect(kernel.links(world.node).map((link) => link.name)).toEqual(['lo']);
    });
  });
}
