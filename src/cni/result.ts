/** What ADD answers, in the form of each version of the specification. */
import type { CniVersion } from './protocol.ts';

/** What was wired, version-free. */
export interface CniAttachment {
  readonly hostLink: { readonly name: string; readonly mac: string };
  readonly podLink: { readonly name: string; readonly mac: string; readonly netns: string; readonly mtu: number };
  /** Without prefix length; a pod has its address alone. */
  readonly address: string;
  readonly gateway: string;
}

export function cniResult(version: CniVersion, { hostLink, podLink, address, gateway }: CniAttachment): object {
  const mtu = (value: number): object => (version === '1.1.0' ? { mtu: value } : {});
  const [family, length, everywhere] = address.includes(':') ? ['6', 128, '::/0'] : ['4', 32, '0.0.0.0/0'];
  return {
    cniVersion: version,
    interfaces: [
      { name: hostLink.name, mac: hostLink.mac, ...mtu(podLink.mtu) },
      { name: podLink.name, mac: podLink.mac, ...mtu(podLink.mtu), sandbox: podLink.netns },
    ],
    // Before 1.0.0 each address said its family.
    ips: [
      {
        ...(version.startsWith('0.') ? { version: family } : {}),
        interface: 1,
        address: `${address}/${length}`,
        gateway,
      },
    ],
    routes: [{ dst: everywhere, gw: gateway }],
    dns: {},
  };
}
