/** Names and MACs of a pod's links: functions of the sandbox alone, so that DEL and a restart find them again. */
import { hash } from 'node:crypto';

import { type Mac, mac } from '../../core/address/mac.ts';
import { links } from '../../core/names.ts';

/** Per sandbox and not per pod: a StatefulSet's next pod must not meet its predecessor's dying veth. */
export const hostLinkName = (containerId: string, ifname: string): string =>
  `${links.hostVethPrefix}${shortHash(containerId + ifname, 11)}`;

export const isHostLinkName = (name: string): boolean =>
  name.startsWith(links.hostVethPrefix) && /^[0-9a-f]{11}$/.test(name.slice(links.hostVethPrefix.length));

/** A function of the VLAN id alone: whoever finds one knows which. */
export const branchLinkName = (vlan: number): string => `${links.branchPrefix}${vlan}`;

export const isBranchLinkName = (name: string): boolean =>
  name.startsWith(links.branchPrefix) && /^[1-9][0-9]{0,3}$/.test(name.slice(links.branchPrefix.length));

/** Locally administered and unicast; set explicitly, since udev changes the MAC of a link that had none given. */
export function vethMac(end: 'host' | 'pod', containerId: string, ifname: string): Mac {
  const digest = shortHash(`${end}/${containerId}/${ifname}`, 10);
  return mac(`02:${digest.match(/../g)?.join(':') ?? ''}`);
}

/** As the core's, which has no Node and takes ten times as long: a pod needs three. */
const shortHash = (text: string, digits: number): string => hash('sha256', text).slice(0, digits);
