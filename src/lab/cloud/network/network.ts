/** Where the cloud's state becomes namespaces and packets. */
import { announceNetns } from '../../supervisor/registry.ts';
import type { Fabric } from '../../fabric/port.ts';
import type { Kernel } from '../../../linux/port.ts';
import type { Change, View } from '../state/draft.ts';
import type { Outside } from './outside.ts';
import { dnsAddresses, fabricName, fabricNamespace, isLive, namespaceOf, outsideNamespace, worldOf } from './world.ts';

export interface Network {
  /**
   * Makes instances' namespaces and the fabrics agree with the state that `changes` (none: all of it is new) lead to.
   * Throws, and then the calls' effects must not be committed; the next call that succeeds puts it right.
   */
  apply(view: View, changes: readonly Change[]): void;
}

/** For a cloud without packets. */
export const noNetwork: Network = { apply: () => undefined };

export interface NetworkOptions {
  readonly kernel: Pick<Kernel, 'createNetns' | 'deleteNetns'>;
  /** The lab's name. */
  readonly name: string;
  readonly runDir: string;
  readonly createFabric: (fabricName: string) => Fabric;
  readonly outside: Outside;
}

const relevant = new Set<string>([
  'vpcs',
  'subnets',
  'groups',
  'interfaces',
  'instances',
  'prefixLists',
  'routeTables',
  'internetGateways',
  'elasticAddresses',
  'natGateways',
]);

export function createNetwork(options: NetworkOptions): Network {
  const { kernel, name, runDir, createFabric, outside } = options;
  const fabrics = new Map<string, Fabric>();
  /** By instance. */
  const namespaces = new Map<string, string>();

  const boot = (view: View): void => {
    for (const instance of view.all('instances')) {
      const vpc = view.get('vpcs', instance.vpc);
      if (!isLive(instance) || namespaces.has(instance.id) || vpc === undefined) continue;
      const netns = namespaceOf(name, { vpc, instance });
      announceNetns(runDir, netns);
      kernel.createNetns(netns);
      namespaces.set(instance.id, netns);
    }
  };

  const forward = (view: View): void => {
    for (const vpc of view.all('vpcs')) {
      const known = fabrics.get(vpc.id);
      const fabric = known ?? createFabric(fabricName(name, vpc));
      fabric.sync(worldOf(view, { labName: name, vpc }));
      if (known !== undefined) continue;
      fabrics.set(vpc.id, fabric);
      outside.open(vpc.id, {
        fabric: fabricNamespace(name, vpc),
        internet: outsideNamespace(name, vpc),
        dns: dnsAddresses(vpc),
      });
    }
    for (const [vpc, fabric] of fabrics) {
      if (view.get('vpcs', vpc) !== undefined) continue;
      outside.close(vpc);
      fabric.destroy();
      fabrics.delete(vpc);
    }
  };

  const shutDown = (view: View): void => {
    for (const [id, netns] of namespaces) {
      const instance = view.get('instances', id);
      if (instance !== undefined && isLive(instance)) continue;
      kernel.deleteNetns(netns);
      namespaces.delete(id);
    }
  };

  return {
    apply(view, changes) {
      if (changes.length > 0 && !changes.some(({ table }) => relevant.has(table))) return;
      boot(view);
      forward(view);
      shutDown(view);
    },
  };
}
