/** What the parts of the kernel's suite share: two namespaces, made anew for each test. */
import type { Ip } from '../../core/address/ip.ts';
import { mac } from '../../core/address/mac.ts';
import { KernelError } from '../errors.ts';
import type { Family, Kernel, NetChange, Netns } from '../port.ts';

/** Source and destination of a connection, as its first packet has them and as its answers have them. */
export interface Tracked {
  readonly original: readonly [Ip, Ip];
  readonly reply: readonly [Ip, Ip];
}

export interface KernelUnderTest {
  readonly kernel: Kernel;
  /** Has the kernel track a connection, as if its packets had passed. */
  readonly track: (netns: Netns, connection: Tracked) => void;
  /** How many connections of a family are tracked. */
  readonly tracked: (netns: Netns, family: Family) => number;
}

export interface World extends KernelUnderTest {
  readonly names: readonly [string, string];
  node: Netns;
  pod: Netns;
}

export const nearMac = mac('02:00:00:00:00:01');
export const farMac = mac('02:00:00:00:00:02');

type Veth = Extract<NetChange, { op: 'add-veth' }>;
/** From the node, up and called `host0`, to the pod's `eth0`. */
export const veth = ({ pod }: World, part: Partial<Veth> = {}): Veth => ({
  op: 'add-veth',
  name: 'host0',
  mac: nearMac,
  mtu: 9001,
  up: true,
  peer: { name: 'eth0', netns: pod, mac: farMac, mtu: 9001 },
  ...part,
});

export const refusal = (action: () => unknown): KernelError => {
  try {
    action();
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};
