/**
 * The fabric against `evaluate`: random VPCs that change at random, and for each random flow the verdict in theory and
 * the packet in practice. FABRIC_FLOWS and FABRIC_SEED make a soak of it, or repeat one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { formatIp, type Ip, isIpv4 } from '../../core/address/ip.ts';
import { evaluate } from '../../core/vpc/evaluate.ts';
import type { Flow } from '../../core/vpc/model.ts';
import { openKernel } from '../../linux/kernel.ts';
import { describeAsRoot } from '../../linux/testing/as-root.ts';
import { fabricNetns, outsideNetns } from '../names.ts';
import { createFabric } from './fabric.ts';
import { router, ROUTER_LINK_LOCAL } from './network/addresses.ts';
import type { Fabric, FabricWorld } from './port.ts';
import {
  addressesOfSlot,
  asSent,
  OUTSIDE,
  random,
  randomChange,
  randomFlow,
  randomWorld,
  type Slot,
  slotOf,
  slots,
  vpcOf,
} from './testing/random-vpc.ts';
import { type ScratchInstances, scratchInstances } from './testing/scratch-instances.ts';

const flows = Number(process.env['FABRIC_FLOWS'] ?? 500);
const seed = Number(process.env['FABRIC_SEED'] ?? Date.now() % 1_000_000);
const perRound = Math.min(250, Math.ceil(flows / 10));
const name = `d${process.pid}`;
const all = slots((index) => `brlt-${process.pid}-${index}`);

describeAsRoot(`the fabric and evaluate (FABRIC_SEED=${seed})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brl-fabric-'));
  const from = random(seed);
  const kernel = openKernel();
  const instances: ScratchInstances = scratchInstances();
  const fabric: Fabric = createFabric({ kernel, name, runDir: folder });
  let world: FabricWorld | undefined;

  /** As the agent would: the way out of each address by the interface that it is of. */
  const configure = (slot: Slot): void => {
    const { netns, deviceIndex, subnet, primary, primary6 } = slot;
    const link = `eth${deviceIndex}`;
    const ip = (...words: readonly string[]) => instances.ip(netns, ...words);
    if (deviceIndex > 0) {
      ip('link', 'set', link, 'up');
      ip('addr', 'add', `${formatIp(primary)}/32`, 'dev', link);
      ip('addr', 'add', `${formatIp(primary6)}/128`, 'dev', link, 'nodad');
    }
    const table = String(100 + deviceIndex);
    for (const gateway of [router(subnet), ROUTER_LINK_LOCAL].map(formatIp)) {
      ip('route', 'replace', 'default', 'via', gateway, 'dev', link, 'onlink', 'table', table);
    }
    if (ip('rule').includes(`lookup ${table}`)) return;
    for (const address of addressesOfSlot(slot)) {
      ip(isIpv4(address) ? '-4' : '-6', 'rule', 'add', 'from', formatIp(address), 'table', table);
    }
  };

  const advance = (): FabricWorld => {
    const before = world;
    const after = before === undefined || from.chance(0.2) ? randomWorld(from, all) : randomChange(from, before, all);
    fabric.sync(after);
    world = after;
    const had = new Set(before?.interfaces.map(({ id }) => id));
    for (const slot of all) if (!had.has(slot.id) && after.interfaces.some(({ id }) => id === slot.id)) configure(slot);
    // Verdicts are about first packets.
    const fabricNs = kernel.openNetns(`/run/netns/${fabricNetns(name)}`);
    kernel.forgetConnections(fabricNs, OUTSIDE.four, OUTSIDE.six, ...all.flatMap(addressesOfSlot));
    fabricNs.close();
    return after;
  };

  /** Protocols without ports know one connection between two ends, whichever began it: one flow a pair. */
  const someFlows = (count: number) => {
    const pairs = new Set<string>();
    return Array.from({ length: count }, () => randomFlow(from, all)).filter(({ flow }) => {
      const pair = [flow.protocol, ...[flow.source, flow.target].map(formatIp).sort()].join();
      const known = pairs.has(pair);
      pairs.add(pair);
      return flow.port !== undefined || flow.icmp !== undefined || !known;
    });
  };
  const nameOf = ({ source, target, protocol, port, icmp }: Flow): string =>
    `${formatIp(source)} → ${formatIp(target)} ${protocol} ${port ?? (icmp === undefined ? '' : `${icmp.type}/${icmp.code}`)}`;

  beforeAll(async () => {
    for (const netns of new Set(all.map((slot) => slot.netns))) {
      const own = all.filter((slot) => slot.netns === netns).flatMap(addressesOfSlot);
      await instances.add(netns, own.map(formatIp));
      const primaries = new Set<Ip>(all.flatMap(({ primary, primary6 }) => [primary, primary6]));
      for (const address of own) {
        if (!primaries.has(address)) instances.ip(netns, 'addr', 'add', formatIp(address), 'dev', 'lo', 'nodad');
      }
    }
    advance();
    await instances.watch(outsideNetns(name), [OUTSIDE.four, OUTSIDE.six].map(formatIp));
  });
  afterAll(() => {
    instances.destroy();
    fabric.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    `agree on ${flows} random flows`,
    async () => {
      let [left, round, open] = [flows, 0, 0];
      while (left > 0) {
        const told = advance();
        const vpc = vpcOf(told);
        const tried = someFlows(Math.min(left, perRound));
        const verdicts = tried.map(({ flow }) => evaluate(flow, vpc));
        const arrived = await instances.probe(
          tried.map(({ flow, from: origin }, at) => ({
            ...flow,
            source: formatIp(flow.source),
            target: formatIp(asSent(flow, told)),
            from: origin === 'outside' ? outsideNetns(name) : origin.netns,
            to: slotOf(all, flow.target)?.netns ?? outsideNetns(name),
            expected: verdicts[at]?.allowed === true,
          })),
        );
        const differing = tried.flatMap(({ flow }, at) =>
          verdicts[at]?.allowed === arrived[at] ? [] : [`${nameOf(flow)} is ${arrived[at] ? 'open' : 'closed'}`],
        );
        expect(differing, `round ${round}`).toEqual([]);
        open += arrived.filter(Boolean).length;
        left -= tried.length;
        round++;
      }
      // Neither side of the comparison may be nearly empty, or it proves nothing.
      expect(open).toBeGreaterThan(flows / 40);
      expect(open).toBeLessThan((flows * 19) / 20);
    },
    60_000 + flows * 20,
  );
});
