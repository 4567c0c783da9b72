/**
 * Interfaces, addresses and pods as upstream's introspection shows them, field by field, for the scripts that read it.
 * Times are left out: the journal counts them from the boot. Pure.
 */
import { formatIp, ip } from '../../core/address/ip.ts';
import {
  containsAddress,
  formatPrefix,
  hostPrefix,
  isPrefix4,
  type Prefix,
  prefix,
} from '../../core/address/prefix.ts';
import type { BranchRecord, InterfaceRecord, NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { Attachment } from '../journal/journal.ts';
import type { Figures } from './metrics.ts';

type Shown = Pick<Figures, 'spec' | 'pools' | 'attachments'>;

/** `/v1/enis`; of each range it lists the addresses that pods hold. */
export function showInterfaces({ spec, pools, attachments }: Shown): object {
  return {
    TotalIPs: pools.reduce((sum, { total }) => sum + total, 0),
    AssignedIPs: attachments.length,
    ENIs: Object.fromEntries([
      ...(spec?.interfaces ?? []).map((record) => [record.id, showInterface(record, attachments)] as const),
      ...(spec?.branches ?? []).map((record) => [record.id, showBranch(record, { spec, attachments })] as const),
    ]),
  };
}

function showInterface(record: InterfaceRecord, attachments: readonly Attachment[]): object {
  const { id, deviceIndex, purpose, addresses, prefixes } = record;
  return {
    ID: id,
    IsPrimary: deviceIndex === 0,
    IsTrunk: purpose === 'trunk',
    DeviceNumber: deviceIndex,
    ...showRanges(
      [
        ...addresses.map((text) => ({ range: hostPrefix(ip(text)), isPrefix: false })),
        ...prefixes.map((text) => ({ range: prefix(text), isPrefix: true })),
      ],
      attachments.filter(({ interfaceId }) => interfaceId === id),
    ),
  };
}

/** Upstream shows none: `TrunkID` and `VlanID` are ours. */
function showBranch({ id, trunk, vlan, address }: BranchRecord, { spec, attachments }: Omit<Shown, 'pools'>): object {
  return {
    ID: id,
    IsPrimary: false,
    IsTrunk: false,
    DeviceNumber: deviceOf(trunk, spec),
    TrunkID: trunk,
    VlanID: vlan,
    ...showRanges(
      [{ range: hostPrefix(ip(address)), isPrefix: false }],
      attachments.filter(({ interfaceId }) => interfaceId === id),
    ),
  };
}

const deviceOf = (id: string | undefined, spec: NodeNetworkSpec | undefined): number | undefined =>
  spec?.interfaces.find((record) => record.id === id)?.deviceIndex;

interface Range {
  readonly range: Prefix;
  readonly isPrefix: boolean;
}
function showRanges(ranges: readonly Range[], held: readonly Attachment[]): object {
  const show = (some: readonly Range[]): object =>
    Object.fromEntries(
      some.map(({ range, isPrefix }) => [
        formatPrefix(range),
        { IPAddresses: showHeld(range, held), IsPrefix: isPrefix },
      ]),
    );
  return {
    AvailableIPv4Cidrs: show(ranges.filter(({ range }) => isPrefix4(range))),
    IPv6Cidrs: show(ranges.filter(({ range }) => !isPrefix4(range))),
  };
}

const showHeld = (range: Prefix, held: readonly Attachment[]): object =>
  Object.fromEntries(
    held
      .filter(({ address }) => containsAddress(range, address))
      .map(({ address, containerId, ifname, pod }) => [
        formatIp(address),
        {
          Address: formatIp(address),
          IPAMKey: { containerID: containerId, ifName: ifname },
          IPAMMetadata: { k8sPodNamespace: pod.namespace, k8sPodName: pod.name },
        },
      ]),
  );

/** `/v1/pods`, which upstream no longer has. */
export const showPods = ({ spec, attachments }: Shown): object =>
  Object.fromEntries(
    attachments.map(({ pod, containerId, address, interfaceId, set, branch }) => {
      const trunk = spec?.branches?.find(({ id }) => id === interfaceId)?.trunk;
      const groups = set === undefined ? {} : { Groups: set.groups };
      const vlan = branch === undefined ? {} : { VlanID: branch.vlan };
      return [
        `${pod.name}_${pod.namespace}_${containerId}`,
        { IP: formatIp(address), DeviceNumber: deviceOf(trunk ?? interfaceId, spec), ...vlan, ...groups },
      ];
    }),
  );
