/**
 * What to change where it is not known what the namespace carries: after a restart of the process, or after a change
 * that failed half-way. Pure: links that are right stay (established connections pass through them meanwhile), all else
 * is said again or taken away.
 */
import { formatPrefix } from '../../core/address/prefix.ts';
import type { LinkAddress, Route } from '../../linux/port.ts';
import { LINK_PREFIX } from './names.ts';
import { localAddresses, type NetworkPlan, planNetwork, type Port, routesOf } from './network/plan-network.ts';
import type { FabricWorld } from './port.ts';
import { changeOf, emptyWorld } from './world-change.ts';

export interface Observed {
  /** Names of the links in the fabric's namespace. */
  readonly links: readonly string[];
  readonly routes: readonly Route[];
  readonly addresses: readonly LinkAddress[];
  /** Whether the port's other end is in its instance's namespace, with the interface's MAC. */
  reaches(port: Port): boolean;
}

export function planAdoption(observed: Observed, world: FabricWorld): NetworkPlan {
  const plan = planNetwork(changeOf(emptyWorld, world));
  const present = new Set(observed.links.filter((link) => link.startsWith(LINK_PREFIX)));
  const sound = new Set(plan.add.filter((port) => present.has(port.link) && observed.reaches(port)));
  const wanted = new Set(plan.add.map(({ link }) => link));
  const destinations = new Set(world.interfaces.flatMap(routesOf).map(({ destination }) => formatPrefix(destination)));
  const local = new Set(localAddresses(world));
  return {
    replace: plan.add.flatMap((port) => (present.has(port.link) && !sound.has(port) ? [port.link] : [])),
    add: plan.add.filter((port) => !sound.has(port)),
    changes: [
      ...observed.addresses
        .filter(({ link, address, length }) => link === 'lo' && length === 32 && !local.has(address))
        .map(({ link, address, length }) => ({ op: 'delete-address', link, address, length }) as const),
      ...observed.routes
        .filter(
          ({ link, destination }) => link?.startsWith(LINK_PREFIX) && !destinations.has(formatPrefix(destination)),
        )
        .map(({ destination }) => ({ op: 'delete-route', destination }) as const),
      ...plan.changes,
    ],
    remove: [...present].filter((link) => !wanted.has(link)),
    forget: [],
  };
}
