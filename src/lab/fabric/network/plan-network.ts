/**
 * Links, routes and neighbours of the fabric as data. Pure: what to change so that a namespace that carries one world
 * carries another; `apply-network.ts` does it.
 */
import type { Ipv4 } from '../../../core/address/ipv4.ts';
import type { Mac } from '../../../core/address/mac.ts';
import {
  addressAt,
  addressesOf,
  formatPrefix,
  hostPrefix4,
  prefix4,
  type Prefix4,
} from '../../../core/address/prefix.ts';
import type { NetChange } from '../../../linux/port.ts';
import { delta } from '../delta.ts';
import { fabricLink, instanceLink } from '../names.ts';
import type { FabricInterface, FabricWorld } from '../port.ts';
import type { WorldChange } from '../world-change.ts';

/** One interface's veth. */
export interface Port {
  /** The fabric's side. */
  readonly link: string;
  /** The instance's namespace and the device in it. */
  readonly netns: string;
  readonly device: string;
  readonly mac: Mac;
  /** What the device is configured with inside the instance once it is made; empty but for device 0. */
  readonly inside: readonly NetChange[];
}

/** In the order of its fields. */
export interface NetworkPlan {
  /** Links in the way of a port to add. */
  readonly replace: readonly string[];
  readonly add: readonly Port[];
  /** Inside the fabric. */
  readonly changes: readonly NetChange[];
  /** Links to take away after the rules no longer let anything through them. */
  readonly remove: readonly string[];
  /** Addresses that have left their interface: whoever gets one next must not inherit its tracked connections. */
  readonly forget: readonly Ipv4[];
}

export function planNetwork({ before, after, interfaces: { gone, come } }: WorldChange): NetworkPlan {
  const ports = delta(gone.map(portOf), come.map(portOf), ({ link }) => link);
  const replaced = new Set(ports.come.map(({ link }) => link));
  // Routes and neighbours go with a link that is made anew, and so must all be said again.
  const lasting = gone.filter(({ id }) => !replaced.has(fabricLink(id)));
  const routes = delta(lasting.flatMap(routesOf), come.flatMap(routesOf), ({ destination }) =>
    formatPrefix(destination),
  );
  const kept = new Set(routes.come.map(({ destination }) => formatPrefix(destination)));
  const neighbours = delta(lasting.map(neighbourOf), come.map(neighbourOf), ({ link }) => link);
  const local = delta(localAddresses(before), localAddresses(after), (address) => address);
  const held = come.filter(({ id }) => !replaced.has(fabricLink(id)));
  return {
    replace: ports.gone.flatMap(({ link }) => (replaced.has(link) ? [link] : [])),
    add: ports.come,
    changes: [
      ...local.gone.map((address) => ({ op: 'delete-address', link: 'lo', address, length: 32 }) as const),
      ...local.come.map((address) => ({ op: 'replace-address', link: 'lo', address, length: 32 }) as const),
      ...neighbours.come,
      // A route that another interface takes over is replaced in one step, not deleted and made.
      ...routes.gone
        .filter(({ destination }) => !kept.has(formatPrefix(destination)))
        .map(({ destination }) => ({ op: 'delete-route', destination }) as const),
      ...routes.come,
    ],
    remove: ports.gone.flatMap(({ link }) => (replaced.has(link) ? [] : [link])),
    forget: delta(gone.flatMap(ownedBy), held.flatMap(ownedBy), ({ address }) => address).gone.map(
      ({ address }) => address,
    ),
  };
}

export function portOf({ id, mac, netns, deviceIndex, subnet, addresses }: FabricInterface): Port {
  const link = instanceLink(deviceIndex);
  const [primary] = addresses;
  const configured = deviceIndex === 0 && primary !== undefined;
  return {
    link: fabricLink(id),
    netns,
    device: link,
    mac,
    // As DHCP would; the agent configures the others.
    inside: configured
      ? [
          { op: 'set-link', link, up: true },
          { op: 'replace-address', link, address: primary, length: subnet.length },
          { op: 'replace-route', destination: prefix4('0.0.0.0/0'), link, gateway: router(subnet) },
        ]
      : [],
  };
}

/** The addresses at which the namespace itself answers. */
export const localAddresses = ({ subnets, outside }: FabricWorld): readonly Ipv4[] => [
  ...subnets.map(router),
  ...outside,
];

/** EC2's router of a subnet. */
export const router = (subnet: Prefix4): Ipv4 => addressAt(subnet, 1);

/** Every address of the interface, those of its prefixes one by one. */
export const ownAddresses = ({ addresses, prefixes }: FabricInterface): readonly Ipv4[] => [
  ...addresses,
  ...prefixes.flatMap((prefix) => [...addressesOf(prefix)]),
];

const ownedBy = (one: FabricInterface): readonly { address: Ipv4; id: string }[] =>
  ownAddresses(one).map((address) => ({ address, id: one.id }));

type RouteChange = Extract<NetChange, { op: 'replace-route' }>;
type NeighbourChange = Extract<NetChange, { op: 'replace-neighbour' }>;

/**
 * Nothing is ever asked for by ARP, as in EC2, whose mapping service knows every address: a node does not answer for
 * its pods. All routes lead to the interface's primary address, which is a permanent neighbour.
 */
export function routesOf({ id, addresses, prefixes }: FabricInterface): readonly RouteChange[] {
  const [gateway, ...secondary] = addresses;
  if (gateway === undefined) return [];
  const link = fabricLink(id);
  const beyond = [...secondary.map(hostPrefix4), ...prefixes];
  return [
    { op: 'replace-route', destination: hostPrefix4(gateway), link, scope: 'link' },
    ...beyond.map(
      (destination) =>
        ({ op: 'replace-route', destination, link, gateway, onlink: true }) as const satisfies RouteChange,
    ),
  ];
}

function neighbourOf({ id, addresses, mac }: FabricInterface): NeighbourChange {
  const [primary] = addresses;
  if (primary === undefined) throw new Error(`interface ${id} has no primary address`);
  return { op: 'replace-neighbour', link: fabricLink(id), address: primary, mac };
}
