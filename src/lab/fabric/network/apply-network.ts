/** Carries out a network plan through the kernel port, in two halves: the rules change between them. */
import type { Kernel, Netns } from '../../../linux/port.ts';
import { DEVICE_MTU, LINK_GROUP } from '../names.ts';
import type { NetworkPlan, Port } from './plan-network.ts';

export const netnsPath = (name: string): string => `/run/netns/${name}`;

/** Routing without a look at where a packet came from (the rules do that), and no ICMP redirects past the fabric. */
export function prepareNamespace(kernel: Kernel, fabric: Netns): void {
  kernel.sysctl(fabric, 'net/ipv4/ip_forward', '1');
  for (const scope of ['all', 'default']) {
    kernel.sysctl(fabric, `net/ipv4/conf/${scope}/rp_filter`, '0');
    kernel.sysctl(fabric, `net/ipv4/conf/${scope}/send_redirects`, '0');
    kernel.sysctl(fabric, `net/ipv4/conf/${scope}/proxy_arp`, '1');
  }
}

/** What must stand before the rules let packets through. */
export function extendNetwork(kernel: Kernel, fabric: Netns, plan: NetworkPlan): void {
  kernel.apply(
    fabric,
    plan.replace.map((link) => ({ op: 'delete-link', link })),
  );
  for (const port of plan.add) addPort(kernel, fabric, port);
  kernel.apply(fabric, plan.changes);
}

/** What may go once the rules are in force. */
export function pruneNetwork(kernel: Kernel, fabric: Netns, plan: NetworkPlan): void {
  kernel.apply(
    fabric,
    plan.remove.map((link) => ({ op: 'delete-link', link })),
  );
  if (plan.forget.length > 0) kernel.forgetConnections(fabric, ...plan.forget);
}

function addPort(kernel: Kernel, fabric: Netns, { link, netns, device, mac, inside }: Port): void {
  const instance = kernel.openNetns(netnsPath(netns));
  try {
    const peer = { name: device, netns: instance, mac, mtu: DEVICE_MTU };
    kernel.apply(fabric, [{ op: 'add-veth', name: link, mtu: DEVICE_MTU, group: LINK_GROUP, up: true, peer }]);
    quicken(kernel, fabric, link);
    kernel.apply(instance, inside);
  } finally {
    instance.close();
  }
}

/** The kernel holds back each proxied ARP answer by up to 0.8 s; there is no default to set in a namespace. */
const quicken = (kernel: Kernel, fabric: Netns, link: string): void =>
  kernel.sysctl(fabric, `net/ipv4/neigh/${link}/proxy_delay`, '0');
