/**
 * What to change where it is not known what the namespace carries: after a restart of the process, or after a change
 * that failed half-way. Pure: links that are right stay (established connections pass through them meanwhile), all else
 * is said again or taken away.
 */
import { isIpv4 } from '../../core/address/ip.ts';
import { formatPrefix, isPrefix4, type Prefix } from '../../core/address/prefix.ts';
import type { Family, LinkAddress, Route } from '../../linux/port.ts';
import { LINK_PREFIX } from './names.ts';
import { localAddresses } from './network/addresses.ts';
import { blackholes, type NetworkPlan, planNetwork, type Port, routesOf } from './network/plan-network.ts';
import type { FabricWorld } from './port.ts';
import { changeOf, emptyWorld } from './world-change.ts';

export interface Observed {
  /** Names of the links in the fabric's namespace. */
  readonly links: readonly string[];
  /** Of both families, in the main table. */
  readonly routes: readonly Route<Family>[];
  readonly addresses: readonly LinkAddress<Family>[];
  /** Whether the port's other end is in its instance's namespace, with the interface's MAC. */
  reaches(port: Port): boolean;
}

export function planAdoption(observed: Observed, world: FabricWorld): NetworkPlan {
  const plan = planNetwork(changeOf(emptyWorld, world));
  const present = new Set(observed.links.filter((link) => link.startsWith(LINK_PREFIX)));
  const sound = new Set(plan.add.filter((port) => present.has(port.link) && observed.reaches(port)));
  const links = new Set(plan.add.map(({ link }) => link));
  const wanted = [...world.interfaces.flatMap(routesOf), ...blackholes(world)];
  const destinations = new Set(wanted.map(({ destination }) => formatPrefix(destination)));
  const local = new Set(localAddresses(world));
  return {
    replace: plan.add.flatMap((port) => (present.has(port.link) && !sound.has(port) ? [port.link] : [])),
    add: plan.add.filter((port) => !sound.has(port)),
    // Whoever made the link may have ended before it was set up.
    configure: plan.configure,
    inside: plan.inside,
    changes: [
      ...observed.addresses
        .filter(({ link, address, length }) => isHostOn('lo', { link, address, length }) && !local.has(address))
        .map(({ link, address, length }) => ({ op: 'delete-address', link, address, length }) as const),
      ...observed.routes
        .filter((route) => isOurs(route) && !destinations.has(formatPrefix(route.destination)))
        .map(({ destination }) => ({ op: 'delete-route', destination }) as const),
      ...plan.changes,
    ],
    remove: [...present].filter((link) => !links.has(link)),
    forget: [],
  };
}

const LOOPBACK6 = 1n;
const isHostOn = (name: string, { link, address, length }: LinkAddress<Family>): boolean =>
  link === name && length === (isIpv4(address) ? 32 : 128) && address !== LOOPBACK6;

/** To an interface, or a black hole, which in IPv6 is said to be on the loopback device. */
function isOurs({ link, destination }: Route<Family>): boolean {
  if (isLinkLocal(destination)) return false;
  if (link === undefined || link.startsWith(LINK_PREFIX)) return true;
  return link === 'lo' && !isPrefix4(destination) && destination.length < 128;
}

const isLinkLocal = (destination: Prefix): boolean => !isPrefix4(destination) && destination.base >> 118n === 0x3fan;
