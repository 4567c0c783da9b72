/** A fabric of a test with instances whose witnesses try its flows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatIpv4, type Ipv4 } from '../../../core/address/ipv4.ts';
import { openKernel } from '../../../linux/kernel.ts';
import type { Kernel } from '../../../linux/port.ts';
import { fabricNetns, outsideNetns } from '../../names.ts';
import { createFabric } from '../fabric.ts';
import type { FabricWorld } from '../port.ts';
import { type Probe, type ScratchInstances, scratchInstances } from './scratch-instances.ts';

export interface ScratchVpc {
  readonly kernel: Kernel;
  readonly instances: ScratchInstances;
  /** Of the namespaces: `fabric`, `outside`, or an instance. */
  netns(place: string): string;
  /** Makes an instance; a flow's end that bears its name has its first address. */
  add(instance: string, ...addresses: readonly string[]): Promise<void>;
  sync(world: FabricWorld): void;
  /** `a → b tcp 80`, `a@10.0.0.9 → 10.0.0.7 icmp 8/0`: flows that did otherwise than they should. */
  wrong(should: { readonly open?: readonly string[]; readonly closed?: readonly string[] }): Promise<readonly string[]>;
  probeOf(flow: string): Probe;
  /** The IPv4 address that the far end says it sees; undefined if it is not reached. */
  seenBy(flow: string, options?: { readonly waitMs?: number }): Promise<string | undefined>;
  /** Opens a connection, which `lives` asks for. */
  hold(flow: string): Promise<() => Promise<boolean>>;
  destroy(): void;
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };
/** For what should not come: an answer takes a millisecond. */
export const NEVER_MS = 300;
const GENEROUS_MS = 10_000;

/** @param suffix tells the fabrics of one test process apart. */
export function scratchVpc(suffix: string): ScratchVpc {
  const name = `${suffix}${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'brl-fabric-'));
  const kernel = openKernel();
  const instances = scratchInstances();
  const fabric = createFabric({ kernel, name, runDir: folder });
  const addresses = new Map<string, string>();
  let tag = 1_000_000;

  const netns = (place: string): string => {
    if (place === 'fabric') return fabricNetns(name);
    return place === 'outside' ? outsideNetns(name) : `brlt-${name}-${place}`;
  };
  /** `name`, `name@address`, or an address whose instance knows it. */
  const endOf = (word: string) => {
    const [place = '', given] = word.split('@');
    const address = given ?? addresses.get(place) ?? place;
    const owner = [...addresses].find(([, own]) => own === address)?.[0];
    return { netns: netns(addresses.has(place) || given !== undefined ? place : (owner ?? 'outside')), address };
  };
  const probeOf = (flow: string): Probe => {
    const [source = '', , target = '', protocol = '', detail = ''] = flow.split(' ');
    const [from, to] = [endOf(source), endOf(target)];
    const [first = 0, code = 0] = detail.split('/').map(Number);
    const number = PROTOCOLS[protocol] ?? Number(protocol);
    return {
      from: from.netns,
      to: to.netns,
      source: from.address,
      target: to.address,
      protocol: number,
      expected: true,
      ...(number === 1 || number === 58 ? { icmp: { type: first, code } } : { port: first }),
    };
  };

  return {
    kernel,
    instances,
    netns,
    async add(instance, ...own) {
      addresses.set(instance, own[0] ?? '');
      if (instance === 'outside' || instance === 'fabric') return instances.watch(netns(instance), own, []);
      return instances.add(netns(instance), own);
    },
    sync: (world) => fabric.sync(world),
    probeOf,
    async wrong({ open = [], closed = [] }) {
      const flows = [...open, ...closed];
      const probes = flows.map((flow, at) => ({ ...probeOf(flow), expected: at < open.length }));
      const arrived = await instances.probe(probes);
      return flows.flatMap((flow, at) =>
        arrived[at] === at < open.length ? [] : [`${flow} is ${arrived[at] ? 'open' : 'closed'}`],
      );
    },
    async seenBy(flow, { waitMs = GENEROUS_MS } = {}) {
      const { from, ...attempt } = probeOf(flow);
      const [seen] = await instances.ask(from, { do: 'caller', attempt: { ...attempt, tag: ++tag }, waitMs });
      return seen === undefined ? undefined : formatIpv4(seen as Ipv4);
    },
    async hold(flow) {
      const { from, ...attempt } = probeOf(flow);
      const own = ++tag;
      const opened = await instances.ask(from, { do: 'hold', attempt: { ...attempt, tag: own }, waitMs: GENEROUS_MS });
      if (opened.length === 0) throw new Error(`${flow} does not open`);
      return async () => (await instances.ask(from, { do: 'ask', tag: own, waitMs: 3 * NEVER_MS })).length > 0;
    },
    destroy() {
      instances.destroy();
      fabric.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
