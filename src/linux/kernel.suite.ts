/** What every implementation of the kernel port does, asked through the port alone. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { linksSuite } from './suite/links.suite.ts';
import { nftablesSuite } from './suite/nftables.suite.ts';
import { routingSuite } from './suite/routing.suite.ts';
import { type KernelUnderTest, refusal, veth, type World } from './suite/world.ts';

export function kernelSuite(name: string, open: () => KernelUnderTest): void {
  describe(`the kernel port: ${name}`, () => {
    const { kernel, track, tracked } = open();
    const self = kernel.self();
    // Each test has namespaces of its own; until then there is nothing to touch.
    const world: World = {
      kernel,
      track,
      tracked,
      names: [`brlt-${process.pid}-a`, `brlt-${process.pid}-b`],
      node: self,
      pod: self,
    };
    beforeEach(() => {
      [world.node, world.pod] = [kernel.createNetns(world.names[0]), kernel.createNetns(world.names[1])];
    });
    afterEach(() => {
      for (const netns of [world.node, world.pod]) netns.close();
      for (const one of world.names) kernel.deleteNetns(one);
    });

    linksSuite(world);
    routingSuite(world);
    nftablesSuite(world);

    it('a sysctl is written in its namespace, and an unknown one refused', () => {
      kernel.sysctl(world.node, 'net/ipv4/ip_forward', '1');
      kernel.apply(world.node, [veth(world)]);
      kernel.sysctl(world.node, 'net/ipv4/conf/host0/rp_filter', '2');
      expect(refusal(() => kernel.sysctl(world.pod, 'net/ipv4/conf/host0/rp_filter', '2'))).toMatchObject({
        errno: 'ENOENT',
        operation: 'sysctl',
      });
    });
  });
}
