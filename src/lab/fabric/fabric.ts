/**
 * Tells the kernel what the plans say. It keeps the world that it and the kernel last agreed on; where it does not know
 * what the kernel carries, it looks. A fabric that is not destroyed goes on forwarding without its process.
 */
import { announceNetns } from '../supervisor/registry.ts';
import type { Kernel, Netns } from '../../linux/port.ts';
import { fabricNetns, outsideNetns } from '../names.ts';
import { planAdoption } from './adopt.ts';
import { connectOutside } from './network/connect-outside.ts';
import { extendNetwork, netnsPath, prepareNamespace, pruneNetwork } from './network/apply-network.ts';
import { planNetwork, type Port } from './network/plan-network.ts';
import { LINK_GROUP } from './names.ts';
import type { Fabric, FabricWorld } from './port.ts';
import { planRules, renderTable } from './rules/plan-rules.ts';
import { changeOf } from './world-change.ts';

const MAIN_TABLE = 254;

export interface FabricOptions {
  readonly kernel: Kernel;
  /** The lab's name. */
  readonly name: string;
  /** Of the lab: the namespace is announced in it before it is made. */
  readonly runDir: string;
}

export function createFabric({ kernel, name, runDir }: FabricOptions): Fabric {
  const netnsName = fabricNetns(name);
  const outsideName = outsideNetns(name);
  let netns: Netns | undefined;
  /** undefined while it is not known what the kernel carries. */
  let agreed: FabricWorld | undefined;

  const open = (): Netns => {
    if (netns !== undefined) return netns;
    for (const each of [netnsName, outsideName]) announceNetns(runDir, each);
    const opened = kernel.createNetns(netnsName);
    prepareNamespace(kernel, opened);
    const outside = kernel.createNetns(outsideName);
    connectOutside(kernel, opened, outside);
    outside.close();
    netns = opened;
    return opened;
  };

  const proceed = (fabric: Netns, before: FabricWorld, after: FabricWorld): void => {
    const change = changeOf(before, after);
    const network = planNetwork(change);
    const rules = planRules(change);
    extendNetwork(kernel, fabric, network);
    if (rules.prepare !== '') kernel.nft(fabric, rules.prepare);
    if (rules.elements.length > 0) kernel.elements(fabric, rules.elements);
    if (rules.settle !== '') kernel.nft(fabric, rules.settle);
    pruneNetwork(kernel, fabric, network);
  };

  const adopt = (fabric: Netns, world: FabricWorld): void => {
    const network = planAdoption(
      {
        links: kernel.links(fabric).map((link) => link.name),
        routes: [...kernel.routes(fabric, MAIN_TABLE), ...kernel.routes(fabric, MAIN_TABLE, 'ipv6')],
        addresses: [...kernel.addresses(fabric), ...kernel.addresses(fabric, 'ipv6')],
        reaches: (port) => reaches(kernel, port),
      },
      world,
    );
    extendNetwork(kernel, fabric, network);
    kernel.nft(fabric, renderTable(world));
    pruneNetwork(kernel, fabric, network);
  };

  const restore = (fabric: Netns, before: FabricWorld, cause: unknown): void => {
    try {
      adopt(fabric, before);
      agreed = before;
    } catch (error) {
      throw new AggregateError([cause, error], 'a change failed and the world before it could not be restored', {
        cause: error,
      });
    }
  };

  return {
    sync(world) {
      const fabric = open();
      const before = agreed;
      agreed = undefined;
      try {
        if (before === undefined) adopt(fabric, world);
        else proceed(fabric, before, world);
        agreed = world;
      } catch (error) {
        if (before !== undefined) restore(fabric, before, error);
        throw error;
      }
    },
    destroy() {
      const fabric = netns ?? existing(kernel, netnsName);
      netns = undefined;
      agreed = undefined;
      if (fabric === undefined) return;
      // The namespace alone may outlive its name: a listening socket of a service of the cloud keeps it.
      kernel.apply(fabric, [{ op: 'delete-group', group: LINK_GROUP }]);
      fabric.close();
      kernel.deleteNetns(netnsName);
      kernel.deleteNetns(outsideName);
    },
  };
}

function existing(kernel: Kernel, name: string): Netns | undefined {
  try {
    return kernel.openNetns(netnsPath(name));
  } catch {
    return undefined;
  }
}

/** Which VLAN a link carries is not to be seen, so those are made anew. */
function reaches(kernel: Kernel, port: Port): boolean {
  if (port.vlan !== undefined) return false;
  const instance = existing(kernel, port.netns);
  const mac = instance === undefined ? undefined : kernel.link(instance, port.device)?.mac;
  instance?.close();
  return mac === port.mac;
}
