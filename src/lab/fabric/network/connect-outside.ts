/**
 * The namespace that plays the internet, beyond the fabric's internet gateway. It has the addresses of one host and a
 * way back for all else, so that two public addresses of the VPC reach one another through it, as they do in EC2.
 */
import { ip } from '../../../core/address/ip.ts';
import { mac } from '../../../core/address/mac.ts';
import { prefix4, prefix6 } from '../../../core/address/prefix.ts';
import type { Kernel, NetChange, Netns } from '../../../linux/port.ts';
import { lab } from '../../names.ts';
import { LINK_GROUP, OUTSIDE_LINK } from '../names.ts';

/** Over an internet gateway packets are no larger. */
const MTU = 1500;
const DEVICE = 'eth0';
const [near, far] = [mac('06:00:00:00:fe:01'), mac('06:00:00:00:fe:02')];

export function connectOutside(kernel: Kernel, fabric: Netns, outside: Netns): void {
  for (const key of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']) kernel.sysctl(outside, key, '1');
  for (const scope of ['all', 'default']) {
    kernel.sysctl(outside, `net/ipv4/conf/${scope}/rp_filter`, '0');
    kernel.sysctl(outside, `net/ipv4/conf/${scope}/send_redirects`, '0');
  }
  const [host, host6] = [ip(lab.outsideHost.address), ip(lab.outsideHost.address6)];
  if (kernel.link(fabric, OUTSIDE_LINK) === undefined) {
    const peer = { name: DEVICE, netns: outside, mac: far, mtu: MTU };
    const link = { name: OUTSIDE_LINK, mac: near, mtu: MTU, group: LINK_GROUP, up: true };
    kernel.apply(fabric, [{ op: 'add-veth', ...link, peer }]);
  }
  kernel.apply(outside, [
    { op: 'replace-address', link: 'lo', address: host, length: 32 },
    { op: 'replace-address', link: 'lo', address: host6, length: 128, noDad: true },
    { op: 'set-link', link: DEVICE, up: true },
    ...wayBy(DEVICE, { gateway: near, address: 'fe80::1' }),
  ]);
  kernel.apply(fabric, wayBy(OUTSIDE_LINK, { gateway: far, address: 'fe80::2' }));
}

/** Nobody needs to be asked for the only neighbour. */
const wayBy = (
  link: string,
  { gateway, address }: { readonly gateway: typeof near; readonly address: string },
): readonly NetChange[] => {
  const [four, six] = [ip('169.254.0.1'), ip(address)];
  return [
    { op: 'replace-neighbour', link, address: four, mac: gateway },
    { op: 'replace-neighbour', link, address: six, mac: gateway },
    { op: 'replace-route', destination: prefix4('0.0.0.0/0'), link, gateway: four, onlink: true },
    { op: 'replace-route', destination: prefix6('::/0'), link, gateway: six },
  ];
};
