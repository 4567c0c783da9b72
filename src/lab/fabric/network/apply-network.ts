/** Carries out a network plan through the kernel port, in two halves: the rules change between them. */
import type { Kernel, Netns } from '../../../linux/port.ts';
import { DEVICE_MTU, LINK_GROUP } from '../names.ts';
import { closedTable } from '../rules/base-table.ts';
import { hopTable } from '../rules/hop-table.ts';
import { ROUTER_LINK_LOCAL } from './addresses.ts';
import type { NetworkPlan, Port } from './plan-network.ts';

export const netnsPath = (name: string): string => `/run/netns/${name}`;

/** Routing without a look at where a packet came from (the rules do that), and no ICMP redirects past the fabric. */
export function prepareNamespace(kernel: Kernel, fabric: Netns): void {
  kernel.nft(fabric, closedTable);
  kernel.nft(fabric, hopTable);
  kernel.sysctl(fabric, 'net/ipv4/ip_forward', '1');
  for (const scope of ['all', 'default']) {
    kernel.sysctl(fabric, `net/ipv4/conf/${scope}/rp_filter`, '0');
    kernel.sysctl(fabric, `net/ipv4/conf/${scope}/send_redirects`, '0');
    kernel.sysctl(fabric, `net/ipv4/conf/${scope}/proxy_arp`, '1');
    kernel.sysctl(fabric, `net/ipv6/conf/${scope}/forwarding`, '1');
    // The router's link-local address is EC2's, and no other.
    kernel.sysctl(fabric, `net/ipv6/conf/${scope}/addr_gen_mode`, '1');
  }
}

/** What must stand before the rules let packets through. */
export function extendNetwork(kernel: Kernel, fabric: Netns, plan: NetworkPlan): void {
  kernel.apply(
    fabric,
    plan.replace.map((link) => ({ op: 'delete-link', link })),
  );
  for (const port of plan.add) add(kernel, fabric, port);
  for (const port of plan.configure) {
    // The kernel holds back each proxied ARP answer by up to 0.8 s; there is no default to set in a namespace.
    kernel.sysctl(fabric, `net/ipv4/neigh/${port.link}/proxy_delay`, '0');
    // With a way to every link-local address there, whichever the instance has chosen.
    const router = { link: port.link, address: ROUTER_LINK_LOCAL, length: 10 };
    kernel.apply(fabric, [{ op: 'replace-address', ...router, noDad: true }]);
  }
  for (const { netns, changes } of plan.inside) within(kernel, netns, (instance) => kernel.apply(instance, changes));
  kernel.apply(fabric, plan.changes);
}

function add(kernel: Kernel, fabric: Netns, { link, vlan, ...port }: Port): void {
  if (vlan !== undefined) {
    kernel.apply(fabric, [{ op: 'add-vlan', name: link, ...vlan, up: true }]);
    return;
  }
  within(kernel, port.netns, (instance) => {
    const peer = { name: port.device, netns: instance, mac: port.mac, mtu: DEVICE_MTU };
    kernel.apply(fabric, [{ op: 'add-veth', name: link, mtu: DEVICE_MTU, group: LINK_GROUP, up: true, peer }]);
  });
}

/** What may go once the rules are in force. */
export function pruneNetwork(kernel: Kernel, fabric: Netns, plan: NetworkPlan): void {
  kernel.apply(
    fabric,
    plan.remove.map((link) => ({ op: 'delete-link', link })),
  );
  if (plan.forget.length > 0) kernel.forgetConnections(fabric, ...plan.forget);
}

function within(kernel: Kernel, netns: string, action: (instance: Netns) => void): void {
  const instance = kernel.openNetns(netnsPath(netns));
  try {
    action(instance);
  } finally {
    instance.close();
  }
}
