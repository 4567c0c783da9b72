/**
 * Branch interfaces on the node, as data: which there must be, and the device, routes and rule of each. All of it is
 * made when a record is applied, so that a pod's coming and going touches none, as with shared interfaces.
 *
 *   pod ── brl…   rule 800 from ADDRESS → table 30000 + VLAN → default by brvVLAN ══ trunk, tagged ══ VPC
 *
 * The device has no address: the one that EC2 knows is the pod's, and the node must not take its packets for its own.
 */
import { type Ip, formatIp, ip, isIpv4 } from '../../core/address/ip.ts';
import { mac } from '../../core/address/mac.ts';
import { hostPrefix, prefix } from '../../core/address/prefix.ts';
import { branchTable, links, routing } from '../../core/names.ts';
import type { BranchRecord, NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { Family, Link, NetChange, RuleSpec } from '../../linux/port.ts';
import type { Attachment, BranchWay } from '../journal/journal.ts';
import { branchLinkName } from './names.ts';
import type { InterfacePlan } from './plan-interface.ts';

export interface Branch extends BranchWay {
  /** `eni-…` */
  readonly id: string;
  readonly address: Ip;
}

/** undefined where the record lacks its trunk. */
export function branchWay(
  { interfaces }: Pick<NodeNetworkSpec, 'interfaces'>,
  { trunk, vlan, mac: own, gateway }: BranchRecord,
): BranchWay | undefined {
  const carrier = interfaces.find(({ id, purpose }) => id === trunk && purpose === 'trunk');
  return carrier === undefined ? undefined : { vlan, mac: mac(own), trunkMac: carrier.mac, gateway };
}

/**
 * One for each VLAN id and address: that of the pod which holds it, whatever the record says by now, until the pod is
 * gone; then the record's.
 */
export function branchesOf(spec: NodeNetworkSpec, attachments: readonly Attachment[]): readonly Branch[] {
  const byVlan = new Map<number, Branch>();
  const addresses = new Set<Ip>();
  const take = (branch: Branch): void => {
    if (byVlan.has(branch.vlan) || addresses.has(branch.address)) return;
    byVlan.set(branch.vlan, branch);
    addresses.add(branch.address);
  };
  for (const { branch, interfaceId, address } of attachments) {
    if (branch !== undefined) take({ ...branch, id: interfaceId, address });
  }
  for (const record of spec.branches ?? []) {
    const way = branchWay(spec, record);
    if (way !== undefined) take({ ...way, id: record.id, address: ip(record.address) });
  }
  return [...byVlan.values()];
}

/**
 * Makes the device, or makes it anew in place of one that was not finished, is another branch's or was its trunk's
 * predecessor's: indexes only grow, and what is not of 802.1Q outlives its trunk.
 */
export function planBranchDevice(
  { vlan, mac: own }: Branch,
  { trunk, device }: { readonly trunk: Link; readonly device: Link | undefined },
): readonly NetChange[] {
  const which = { name: branchLinkName(vlan), trunk: trunk.name, id: vlan };
  const isWhole = device?.group === links.branchGroup && device.mac === own && device.index > trunk.index;
  if (isWhole) return [];
  return [
    ...(device === undefined ? [] : [{ op: 'delete-vlan', ...which } as const]),
    { op: 'add-vlan', ...which, mac: own },
  ];
}

/** With it the device is whole; it must be there. */
export function planBranch({ vlan, gateway: router, address }: Branch, mtu: number): InterfacePlan {
  const [link, table, gateway] = [branchLinkName(vlan), branchTable(vlan), ip(router)];
  const everywhere = prefix(isIpv4(address) ? '0.0.0.0/0' : '::/0');
  return {
    changes: [
      { op: 'set-link', link, up: true, mtu, group: links.branchGroup },
      { op: 'replace-route', destination: hostPrefix(gateway), link, scope: 'link', table },
      { op: 'replace-route', destination: everywhere, link, gateway, table },
    ],
    sysctls: [
      isIpv4(address)
        ? { key: `net/ipv4/conf/${link}/rp_filter`, value: '2' }
        : { key: `net/ipv6/conf/${link}/accept_ra`, value: '0' },
    ],
  };
}

export const branchRule = ({ vlan, address }: Branch): RuleSpec<Family> => ({
  priority: routing.sourceRule,
  table: branchTable(vlan),
  from: hostPrefix(address),
});

/** What two have in common only if they are the same branch, on the same device of the same trunk. */
export const branchIdentity = (
  branch: Branch,
  { trunk, device }: { readonly trunk: Link; readonly device: Link },
): string => JSON.stringify({ ...branch, address: formatIp(branch.address), links: [trunk.index, device.index] });
