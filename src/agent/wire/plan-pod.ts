/**
 * The kernel changes that make and take away one pod's link, as data.
 *
 *   pod netns                          node
 *   eth0  ADDRESS/32  <--- veth --->   brl…  route ADDRESS/32 in table 20000
 *   default via 169.254.1.1            (answers for the gateway by a permanent neighbour in the pod: no ARP at all)
 */
import { ipv4 } from '../../core/address/ipv4.ts';
import { formatPrefix4, hostPrefix4, prefix4 } from '../../core/address/prefix.ts';
import { links, routing } from '../../core/names.ts';
import type { NetChange, Netns, Route } from '../../linux/port.ts';
import type { Attachment } from '../journal/journal.ts';

const gateway = ipv4(links.gateway4);
const everywhere = prefix4('0.0.0.0/0');

export interface PodPlan {
  /** In the node's namespace, first: it makes both ends. */
  readonly host: readonly NetChange[];
  /** In the pod's. */
  readonly pod: readonly NetChange[];
}

/** Rules must be in the kernel before: the host side comes up with its very message. */
export function planPod(attachment: Attachment, podNetns: Netns): PodPlan {
  const { address, hostLink, hostMac, podMac, ifname, mtu } = attachment;
  return {
    host: [
      {
        op: 'add-veth',
        name: hostLink,
        mac: hostMac,
        mtu,
        up: true,
        peer: { name: ifname, netns: podNetns, mac: podMac, mtu },
      },
      ...planPodRoutes(attachment),
    ],
    pod: [
      { op: 'set-link', link: ifname, up: true },
      { op: 'replace-address', link: ifname, address, length: 32 },
      { op: 'replace-route', destination: hostPrefix4(gateway), link: ifname, scope: 'link' },
      { op: 'replace-route', destination: everywhere, link: ifname, gateway },
      { op: 'replace-neighbour', link: ifname, address: gateway, mac: hostMac },
    ],
  };
}

/** The node's way to the pod; the source is named, lest the kernel take the address of any other link. */
export const planPodRoutes = ({ address, hostLink, nodeAddress, podMac }: Attachment): readonly NetChange[] => [
  {
    op: 'replace-route',
    destination: hostPrefix4(address),
    link: hostLink,
    scope: 'link',
    table: routing.podTable,
    source: nodeAddress,
  },
  { op: 'replace-neighbour', link: hostLink, address, mac: podMac },
];

/** Takes away what belongs to the node; the link itself goes with the pod's namespace (deleting it waits 19 ms for RCU). */
export const planPodRemoval = ({ address }: Attachment): readonly NetChange[] => [
  { op: 'delete-route', destination: hostPrefix4(address), table: routing.podTable },
];

/** Puts back the routes of wired pods that are missing and takes away those to addresses that nobody holds. */
export function planPodRepair(wired: readonly Attachment[], observed: readonly Route[]): readonly NetChange[] {
  const present = new Set(observed.map(({ destination }) => formatPrefix4(destination)));
  const wanted = new Set(wired.map(({ address }) => formatPrefix4(hostPrefix4(address))));
  return [
    ...wired.filter(({ address }) => !present.has(formatPrefix4(hostPrefix4(address)))).flatMap(planPodRoutes),
    ...observed
      .filter(({ destination }) => !wanted.has(formatPrefix4(destination)))
      .map(({ destination, table }) => ({ op: 'delete-route', destination, table }) as const),
  ];
}
