/** The shell over a kernel in memory; packets are in `fabric.packets.test.ts`. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { type FakeKernel, fakeKernel } from '../../linux/testing/fake-kernel.ts';
import { fabricNetns, outsideNetns } from '../names.ts';
import { createFabric } from './fabric.ts';
import type { Fabric, FabricWorld } from './port.ts';
import { aGroup, allow } from './testing/builders.ts';
import { random, randomWorld, slots } from './testing/random-vpc.ts';
import { emptyWorld } from './world-change.ts';

const all = slots((index) => `i-${index}`);
const folder = mkdtempSync(join(tmpdir(), 'brl-fabric-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(world?: FabricWorld): { kernel: FakeKernel; fabric: Fabric; again: () => Fabric } {
  const kernel = fakeKernel();
  for (const { netns } of all) kernel.createNetns(netns);
  const again = () => createFabric({ kernel, name: 't', runDir: folder });
  const fabric = again();
  if (world !== undefined) fabric.sync(world);
  return { kernel, fabric, again };
}

/** This kernel keeps the settings of a link that is gone, and of routes to one range only that of the last link. */
const carried = (kernel: FakeKernel): string =>
  kernel
    .state()
    .split('\n')
    .filter((line) => !line.includes('proxy_delay') && !line.includes('fe80::/10'))
    .join('\n');

describe('the fabric, told one world after another,', () => {
  const from = random(Number(process.env['FABRIC_SEED'] ?? 7));
  const worlds = Array.from({ length: 25 }, () => randomWorld(from, all));

  it('carries what one that was told only the last carries', () => {
    const { kernel, fabric } = start();
    for (const world of [...worlds, emptyWorld, ...worlds.toReversed()]) {
      fabric.sync(world);
      expect(carried(kernel)).toBe(carried(start(world).kernel));
    }
  });

  it('carries it also after a restart between any two', () => {
    const { kernel, again } = start();
    for (const world of worlds) {
      again().sync(world);
      expect(carried(kernel)).toBe(carried(start(world).kernel));
    }
  });

  it.each(['openNetns', 'apply', 'sysctl', 'nft', 'elements', 'forgetConnections'] as const)(
    'stays with the last agreed one when %s fails, and takes the next',
    (step) => {
      let failures = 0;
      for (const [at, world] of worlds.entries()) {
        const { kernel, fabric } = start(worlds[at - 1] ?? emptyWorld);
        const before = carried(kernel);
        kernel.failNext(step, new Error('made to fail'));
        try {
          fabric.sync(world);
        } catch {
          failures++;
          expect(carried(kernel)).toBe(before);
          fabric.sync(world);
        }
        expect(carried(kernel)).toBe(carried(start(world).kernel));
      }
      // Not every change takes every step.
      expect(failures).toBeGreaterThan(0);
    },
  );

  it.each(['openNetns', 'apply', 'sysctl', 'nft'] as const)(
    'is complete after a restart although %s failed when it was made',
    (step) => {
      const [world = emptyWorld] = worlds;
      const { kernel, fabric, again } = start();
      kernel.failNext(step, new Error('made to fail'));
      expect(() => fabric.sync(world)).toThrow('made to fail');
      again().sync(world);
      expect(carried(kernel)).toBe(carried(start(world).kernel));
    },
  );

  it('looks again when it could not even go back', () => {
    const [world = emptyWorld] = worlds;
    const { kernel, fabric } = start(world);
    const broken = aGroup('sg-new', [allow('ingress', 'all', '0.0.0.0/0')]);
    kernel.failNext('nft', new Error('made to fail'));
    kernel.failNext('links', new Error('made to fail again'));
    expect(() => fabric.sync({ ...world, groups: [...world.groups, broken] })).toThrow(AggregateError);
    fabric.sync(world);
    expect(carried(kernel)).toBe(carried(start(world).kernel));
  });
});

describe('the fabric’s namespace', () => {
  it('is announced before it is made, and gone after its end', () => {
    const { kernel, fabric, again } = start();
    kernel.failNext('createNetns', new Error('made to fail'));
    expect(() => fabric.sync(emptyWorld)).toThrow('made to fail');
    expect(readdirSync(join(folder, 'netns'))).toEqual([fabricNetns('t'), outsideNetns('t')]);
    fabric.sync(emptyWorld);
    expect(kernel.state()).toContain(fabricNetns('t'));
    again().destroy();
    for (const each of [fabricNetns('t'), outsideNetns('t')]) expect(kernel.state()).not.toContain(each);
    again().destroy();
  });
});
