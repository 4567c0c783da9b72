/** What an instance's first device is given as DHCP would; the agent configures all others. Pure. */
import { prefix4, prefix6 } from '../../../core/address/prefix.ts';
import type { NetChange } from '../../../linux/port.ts';
import { fabricLink, instanceLink } from '../names.ts';
import type { FabricInterface } from '../port.ts';
import { router, ROUTER_LINK_LOCAL } from './addresses.ts';

export interface Inside {
  /** In the fabric: whose other end it is. */
  readonly link: string;
  readonly netns: string;
  /** Empty but for device 0. */
  readonly changes: readonly NetChange[];
}

export function insideOf(one: FabricInterface): Inside {
  const where = { link: fabricLink(one.id), netns: one.netns };
  const [primary] = one.addresses;
  if (one.deviceIndex > 0 || one.trunk !== undefined || primary === undefined) return { ...where, changes: [] };
  const link = instanceLink(0);
  const [six] = one.addresses6 ?? [];
  return {
    ...where,
    changes: [
      { op: 'set-link', link, up: true },
      { op: 'replace-address', link, address: primary, length: one.subnet.length },
      { op: 'replace-route', destination: prefix4('0.0.0.0/0'), link, gateway: router(one.subnet) },
      ...(six === undefined
        ? []
        : ([
            // EC2's router advertises nothing that would be on the link: all goes by it.
            { op: 'replace-address', link, address: six, length: 128, noDad: true },
            { op: 'replace-route', destination: prefix6('::/0'), link, gateway: ROUTER_LINK_LOCAL },
          ] as const)),
    ],
  };
}
