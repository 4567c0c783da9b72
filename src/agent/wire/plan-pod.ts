/**
 * The kernel changes that make and take away one pod's link, as data.
 *
 *   pod netns                          node
 *   eth0  ADDRESS/32  <--- veth --->   brl…  route ADDRESS/32 in table 20000
 *   default via 169.254.1.1            (answers for the gateway by a permanent neighbour in the pod: no ARP at all)
 *
 * IPv6 is the same with /128, fe80::1 and no neighbour discovery.
 */
import { type Ip, ip, isIpv4 } from '../../core/address/ip.ts';
import { formatPrefix, hostPrefix, prefix } from '../../core/address/prefix.ts';
import { links, routing } from '../../core/names.ts';
import type { Family, NetChange, Netns, Route } from '../../linux/port.ts';
import type { Attachment } from '../journal/journal.ts';
import type { Sysctl } from './plan-interface.ts';

const gateways = {
  ipv4: { gateway: ip(links.gateway4), everywhere: prefix('0.0.0.0/0'), length: 32 },
  ipv6: { gateway: ip(links.gateway6), everywhere: prefix('::/0'), length: 128 },
} as const;
const familyOf = (address: Ip): Family => (isIpv4(address) ? 'ipv4' : 'ipv6');

export interface PodPlan {
  /** In the node's namespace, first: it makes both ends. */
  readonly host: readonly NetChange[];
  /** In the pod's. */
  readonly pod: readonly NetChange[];
  /** In the node's namespace, once the link is there. Speed alone depends on them. */
  readonly sysctls: readonly Sysctl[];
}

/** Rules must be in the kernel before: the host side comes up with its very message. */
export function planPod(attachment: Attachment, podNetns: Netns): PodPlan {
  const { address, hostLink, hostMac, podMac, ifname, mtu } = attachment;
  const { gateway, everywhere, length } = gateways[familyOf(address)];
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
      // Nobody else can have it, and a pod that starts must not wait for duplicates to be looked for.
      { op: 'replace-address', link: ifname, address, length, noDad: true },
      { op: 'replace-route', destination: hostPrefix(gateway), link: ifname, scope: 'link' },
      { op: 'replace-route', destination: everywhere, link: ifname, gateway },
      { op: 'replace-neighbour', link: ifname, address: gateway, mac: hostMac },
    ],
    sysctls: isIpv4(address) ? trustSources(hostLink) : [],
  };
}

/**
 * Wherever there are routing rules the kernel asks for the way back to the source of each packet, a second lookup. The
 * judgement's rule is stricter, and every packet from a pod meets it: of a link it knows the one address.
 */
const trustSources = (link: string): readonly Sysctl[] => [
  { key: `net/ipv4/conf/${link}/accept_local`, value: '1' },
  { key: `net/ipv4/conf/${link}/rp_filter`, value: '0' },
];

/** The node's way to the pod; the source is named, lest the kernel take the address of any other link. */
export const planPodRoutes = ({ address, hostLink, nodeAddress, podMac }: Attachment): readonly NetChange[] => [
  {
    op: 'replace-route',
    destination: hostPrefix(address),
    link: hostLink,
    scope: 'link',
    table: routing.podTable,
    source: nodeAddress,
  },
  { op: 'replace-neighbour', link: hostLink, address, mac: podMac },
];

/** Takes away what belongs to the node; the link itself goes with the pod's namespace (deleting it waits 19 ms for RCU). */
export const planPodRemoval = ({ address }: Attachment): readonly NetChange[] => [
  { op: 'delete-route', destination: hostPrefix(address), table: routing.podTable },
];

/** Until its route is put back nothing gets to the pod, and so no connection comes about. */
export const planPodClosure = ({ address }: Attachment): readonly NetChange[] => [
  { op: 'replace-blackhole', destination: hostPrefix(address), table: routing.podTable },
];

/** Those whose route is missing or leads elsewhere. */
export function missingRoutes(wired: readonly Attachment[], observed: readonly Route<Family>[]): readonly Attachment[] {
  const present = new Map(observed.map(({ destination, link }) => [formatPrefix(destination), link]));
  return wired.filter(({ address, hostLink }) => present.get(formatPrefix(hostPrefix(address))) !== hostLink);
}

/** Puts back missing routes of wired pods, and takes away those to addresses that nobody holds. */
export function planPodRepair(wired: readonly Attachment[], observed: readonly Route<Family>[]): readonly NetChange[] {
  const wanted = new Set(wired.map(({ address }) => formatPrefix(hostPrefix(address))));
  return [
    ...missingRoutes(wired, observed).flatMap(planPodRoutes),
    ...observed
      .filter(({ destination }) => !wanted.has(formatPrefix(destination)))
      .map(({ destination, table }) => ({ op: 'delete-route', destination, table }) as const),
  ];
}
