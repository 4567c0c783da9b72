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
import type { InterfaceRecord } from '../../core/records/node-network.ts';
import type { Attachment } from '../journal/journal.ts';
import type { Figures } from './metrics.ts';

type Shown = Pick<Figures, 'spec' | 'pools' | 'attachments'>;

/** `/v1/enis`; of each range it lists the addresses that pods hold. */
export function showInterfaces({ spec, pools, attachments }: Shown): object {
  return {
    TotalIPs: pools.reduce((sum, { total }) => sum + total, 0),
    AssignedIPs: attachments.length,
    ENIs: Object.fromEntries((spec?.interfaces ?? []).map((record) => [record.id, showInterface(record, attachments)])),
  };
}

function showInterface(record: InterfaceRecord, attachments: readonly Attachment[]): object {
  const { id, deviceIndex, purpose, addresses, prefixes } = record;
  const held = attachments.filter(({ interfaceId }) => interfaceId === id);
  const ranges = [
    ...addresses.map((text) => ({ range: hostPrefix(ip(text)), isPrefix: false })),
    ...prefixes.map((text) => ({ range: prefix(text), isPrefix: true })),
  ];
  const show = (some: typeof ranges): object =>
    Object.fromEntries(
      some.map(({ range, isPrefix }) => [
        formatPrefix(range),
        { IPAddresses: showHeld(range, held), IsPrefix: isPrefix },
      ]),
    );
  return {
    ID: id,
    IsPrimary: deviceIndex === 0,
    IsTrunk: purpose === 'trunk',
    DeviceNumber: deviceIndex,
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
    attachments.map(({ pod, containerId, address, interfaceId, set }) => {
      const device = spec?.interfaces.find(({ id }) => id === interfaceId)?.deviceIndex;
      const groups = set === undefined ? {} : { Groups: set.groups };
      return [
        `${pod.name}_${pod.namespace}_${containerId}`,
        { IP: formatIp(address), DeviceNumber: device, ...groups },
      ];
    }),
  );
