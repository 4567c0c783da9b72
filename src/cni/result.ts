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
  return {
    cniVersion: version,
    interfaces: [
      { name: hostLink.name, mac: hostLink.mac, ...mtu(podLink.mtu) },
      { name: podLink.name, mac: podLink.mac, ...mtu(podLink.mtu), sandbox: podLink.netns },
    ],
    // Before 1.0.0 each address said its family.
    ips: [{ ...(version.startsWith('0.') ? { version: '4' } : {}), interface: 1, address: `${address}/32`, gateway }],
    routes: [{ dst: '0.0.0.0/0', gw: gateway }],
    dns: {},
  };
}
