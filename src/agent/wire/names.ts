/** Names and MACs of a pod's links: functions of the sandbox alone, so that DEL and a restart find them again. */
import { formatMac, type Mac } from '../../core/address/mac.ts';
import { shortHash } from '../../core/groups/set-key.ts';
import { links } from '../../core/names.ts';

/** Per sandbox and not per pod: a StatefulSet's next pod must not meet its predecessor's dying veth. */
export const hostLinkName = (containerId: string, ifname: string): string =>
  `${links.hostVethPrefix}${shortHash(containerId + ifname, 11)}`;

export const isHostLinkName = (name: string): boolean =>
  name.startsWith(links.hostVethPrefix) && /^[0-9a-f]{11}$/.test(name.slice(links.hostVethPrefix.length));

/** Locally administered and unicast; set explicitly, since udev changes the MAC of a link that had none given. */
export function vethMac(end: 'host' | 'pod', containerId: string, ifname: string): Mac {
  const digest = shortHash(`${end}/${containerId}/${ifname}`, 10);
  const octets = [0x02, ...Array.from({ length: 5 }, (_, at) => Number.parseInt(digest.slice(2 * at, 2 * at + 2), 16))];
  return formatMac(Uint8Array.from(octets));
}
