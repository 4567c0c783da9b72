/**
 * Links, routes and neighbours of the fabric as data. Pure: what to change so that a namespace that carries one world
 * carries another; `apply-network.ts` does it.
 */
import { type Ip, isIpv4 } from '../../../core/address/ip.ts';
import type { Mac } from '../../../core/address/mac.ts';
import { formatPrefix, hostPrefix, type Prefix } from '../../../core/address/prefix.ts';
import type { NetChange } from '../../../linux/port.ts';
import { delta } from '../delta.ts';
import { fabricLink, instanceLink } from '../names.ts';
import type { FabricInterface, FabricWorld } from '../port.ts';
import type { WorldChange } from '../world-change.ts';
import { localAddresses, lostAddresses, mappedLinkLocal } from './addresses.ts';
import { insideOf } from './inside.ts';

/** One interface's veth, or VLAN. */
export interface Port {
  /** The fabric's side. */
  readonly link: string;
  /** The instance's namespace and the device in it. */
  readonly netns: string;
  readonly device: string;
  readonly mac: Mac;
  /** Of a branch: there is no device in the instance but the trunk's, which the fabric knows as this link. */
  readonly vlan?: { readonly trunk: string; readonly id: number };
}

/** In the order of its fields. */
export interface NetworkPlan {
  /** Links in the way of a port to add. */
  readonly replace: readonly string[];
  /** Links to make, trunks before their branches. */
  readonly add: readonly Port[];
  /** Ports whose link in the fabric is to be set up. */
  readonly configure: readonly Port[];
  /** Within instances. */
  readonly inside: readonly { readonly netns: string; readonly changes: readonly NetChange[] }[];
  /** Inside the fabric. */
  readonly changes: readonly NetChange[];
  /** Ports to take away after the rules no longer let anything through them, branches before their trunks. */
  readonly remove: readonly string[];
  /** Addresses that have left their interface: whoever gets one next must not inherit its tracked connections. */
  readonly forget: readonly Ip[];
}

export function planNetwork({ before, after, interfaces: { gone, come } }: WorldChange): NetworkPlan {
  const ports = delta(gone.map(portOf), come.map(portOf), ({ link }) => link);
  const replaced = new Set(ports.come.map(({ link }) => link));
  // Routes and neighbours go with a link that is made anew, and so must all be said again.
  const isLasting = ({ id }: FabricInterface): boolean => !replaced.has(fabricLink(id));
  const lasting = gone.filter(isLasting);
  const routes = delta(
    [...lasting.flatMap(routesOf), ...blackholes(before)],
    [...come.flatMap(routesOf), ...blackholes(after)],
    keyOf,
  );
  const kept = new Set(routes.come.map(keyOf));
  const neighbours = delta(lasting.flatMap(neighboursOf), come.flatMap(neighboursOf), (one) => one.link + one.address);
  const local = delta(localAddresses(before), localAddresses(after), String);
  const inside = delta(lasting.map(insideOf), come.map(insideOf), ({ link }) => link);
  return {
    replace: ports.gone.flatMap(({ link }) => (replaced.has(link) ? [link] : [])),
    add: trunksFirst(ports.come),
    configure: ports.come,
    inside: inside.come.map(({ netns, changes }) => ({ netns, changes })).filter(({ changes }) => changes.length > 0),
    changes: [
      ...local.gone.map((address) => onLoopback('delete-address', address)),
      ...local.come.map((address) => onLoopback('replace-address', address)),
      ...neighbours.come,
      // A route that another interface takes over is replaced in one step, not deleted and made.
      ...routes.gone
        .filter((route) => !kept.has(keyOf(route)))
        .map(({ destination }) => ({ op: 'delete-route', destination }) as const),
      ...routes.come,
    ],
    remove: trunksFirst(ports.gone)
      .toReversed()
      .flatMap(({ link }) => (replaced.has(link) ? [] : [link])),
    forget: lostAddresses(gone, come.filter(isLasting)),
  };
}

export const portOf = ({ id, mac, netns, deviceIndex, trunk }: FabricInterface): Port => ({
  link: fabricLink(id),
  netns,
  device: instanceLink(deviceIndex),
  mac,
  ...(trunk !== undefined && { vlan: { trunk: fabricLink(trunk.interface), id: trunk.vlan } }),
});

const trunksFirst = (ports: readonly Port[]): readonly Port[] =>
  ports.toSorted((a, b) => Number(a.vlan !== undefined) - Number(b.vlan !== undefined));

type RouteChange = Extract<NetChange, { op: 'replace-route' | 'replace-blackhole' }>;
type NeighbourChange = Extract<NetChange, { op: 'replace-neighbour' }>;

const keyOf = ({ destination }: { readonly destination: Prefix }): string => formatPrefix(destination);

/**
 * Nothing is ever asked for by ARP, as in EC2, whose mapping service knows every address: a node does not answer for
 * its pods. All routes lead to the interface's primary address, which is a permanent neighbour; in IPv6 to an address
 * made of its MAC.
 */
export function routesOf({ id, mac, ...one }: FabricInterface): readonly RouteChange[] {
  const [gateway, ...secondary] = one.addresses;
  if (gateway === undefined) return [];
  const link = fabricLink(id);
  const beyond = [...secondary.map(hostPrefix), ...one.prefixes];
  const six = [...(one.addresses6 ?? []).map(hostPrefix), ...(one.prefixes6 ?? [])];
  return [
    { op: 'replace-route', destination: hostPrefix(gateway), link, scope: 'link' },
    ...beyond.map((destination): RouteChange => ({ op: 'replace-route', destination, link, gateway, onlink: true })),
    ...six.map((destination): RouteChange => ({
      op: 'replace-route',
      destination,
      link,
      gateway: mappedLinkLocal(mac),
    })),
  ];
}

/** What is of the VPC and nobody's must not take the way to the outside. */
export const blackholes = ({ cidrs, cidrs6 = [] }: FabricWorld): readonly RouteChange[] =>
  [...cidrs, ...cidrs6].map((destination) => ({ op: 'replace-blackhole', destination }));

function neighboursOf({ id, mac, addresses: [primary] }: FabricInterface): readonly NeighbourChange[] {
  if (primary === undefined) throw new Error(`interface ${id} has no primary address`);
  const neighbour = { op: 'replace-neighbour', link: fabricLink(id), mac } as const;
  return [primary, mappedLinkLocal(mac)].map((address) => ({ ...neighbour, address }));
}

const onLoopback = <Op extends 'replace-address' | 'delete-address'>(op: Op, address: Ip) =>
  ({ op, link: 'lo', address, length: isIpv4(address) ? 32 : 128, noPrefixRoute: true, noDad: true }) as const;
