/** Filters of DescribeInstances, as far as the lab knows their subjects. */
import { formatPrefix4 } from '../../../../core/address/prefix.ts';
import type { CallContext } from '../context.ts';
import type { FilterTable } from '../describe/filters.ts';
import type { View } from '../draft.ts';
import { addressTexts } from '../interfaces/address-texts.ts';
import { privateDnsName, requesterOf } from '../interfaces/answer-interface.ts';
import type { InstanceEntity, InterfaceEntity } from '../tables.ts';
import { zoneId } from '../vpc/zone-calls.ts';
import { architectureOf, metadataOptionsOf, stateOf } from './answer-instance.ts';

export interface InstanceFilterOptions {
  readonly view: View;
  readonly context: CallContext;
  readonly interfacesOf: (instance: InstanceEntity) => readonly InterfaceEntity[];
}

export function instanceFilters(options: InstanceFilterOptions): FilterTable<InstanceEntity> {
  const { view, context, interfacesOf } = options;
  const primaryOf = (instance: InstanceEntity) =>
    interfacesOf(instance).find(({ attachment }) => attachment?.deviceIndex === 0 && attachment.card === 0);
  const primaryAddress = (instance: InstanceEntity) => {
    const primary = primaryOf(instance);
    return primary === undefined ? [] : addressTexts(primary).slice(0, 1);
  };
  const nameOf = (group: string) => view.get('groups', group)?.name;
  const none = (): readonly string[] => [];
  return {
    affinity: none,
    architecture: ({ type }) => [architectureOf(type)],
    'availability-zone': ({ zone }) => [zone],
    'availability-zone-id': ({ zone }) => [zoneId(zone)],
    'client-token': ({ clientToken }) => [clientToken],
    'dns-name': () => [''],
    hypervisor: () => ['xen'],
    'iam-instance-profile.arn': ({ instanceProfile }) => [instanceProfile],
    'image-id': ({ image }) => [image],
    'instance-id': ({ id }) => [id],
    'instance-lifecycle': none,
    'instance-state-code': ({ state }) => [stateOf(state).Code],
    'instance-state-name': ({ state }) => [state],
    'instance-type': ({ type }) => [type],
    'instance.group-id': (instance) => primaryOf(instance)?.groups ?? [],
    'instance.group-name': (instance) => primaryOf(instance)?.groups.map(nameOf) ?? [],
    'ip-address': none,
    'ipv6-address': (instance) => primaryOf(instance)?.addresses6?.slice(0, 1) ?? [],
    'key-name': ({ keyName }) => [keyName],
    'launch-index': ({ launchIndex }) => [launchIndex],
    'launch-time': ({ launchedAtMs }) => [new Date(launchedAtMs).toISOString()],
    'metadata-options.http-endpoint': (each) => [metadataOptionsOf(each).endpoint],
    'metadata-options.http-put-response-hop-limit': (each) => [metadataOptionsOf(each).hopLimit],
    'metadata-options.http-tokens': (each) => [metadataOptionsOf(each).tokens],
    'owner-id': () => [context.account],
    'placement-group-name': none,
    platform: none,
    'private-dns-name': ({ privateDnsName: name }) => [name],
    'private-ip-address': primaryAddress,
    'requester-id': () => [requesterOf(context)],
    'reservation-id': ({ reservation }) => [reservation],
    'root-device-name': () => ['/dev/xvda'],
    'root-device-type': () => ['ebs'],
    'source-dest-check': (instance) => [primaryOf(instance)?.sourceDestCheck],
    'spot-instance-request-id': none,
    'subnet-id': ({ subnet }) => [subnet],
    tenancy: () => ['default'],
    'virtualization-type': () => ['hvm'],
    'vpc-id': ({ vpc }) => [vpc],
    ...networkFilters(options),
  };
}

function networkFilters({ view, context, interfacesOf }: InstanceFilterOptions): FilterTable<InstanceEntity> {
  const from =
    <T>(read: (each: InterfaceEntity) => readonly T[]) =>
    (instance: InstanceEntity): readonly T[] =>
      interfacesOf(instance).flatMap(read);
  const addresses = from(addressTexts);
  const addresses6 = from((each) => each.addresses6 ?? []);
  return {
    'network-interface.addresses.primary': from((each) => each.addresses.map((_, index) => index === 0)),
    'network-interface.addresses.private-ip-address': addresses,
    'network-interface.ipv6-address': addresses6,
    'network-interface.ipv6-addresses.ipv6-address': addresses6,
    'network-interface.ipv6-prefixes.ipv6-prefix': from(({ prefixes6 = [] }) => prefixes6),
    'network-interface.attachment.attachment-id': from(({ attachment }) => [attachment?.id]),
    'network-interface.attachment.delete-on-termination': from(({ attachment }) => [attachment?.deleteOnTermination]),
    'network-interface.attachment.device-index': from(({ attachment }) => [attachment?.deviceIndex]),
    'network-interface.attachment.network-card-index': from(({ attachment }) => [attachment?.card]),
    'network-interface.attachment.status': from(({ attachment }) => [attachment?.status]),
    'network-interface.availability-zone': from(({ zone }) => [zone]),
    'network-interface.description': from(({ description }) => [description]),
    'network-interface.group-id': from(({ groups }) => groups),
    'network-interface.group-name': from(({ groups }) => groups.map((id) => view.get('groups', id)?.name)),
    'network-interface.ipv4-prefixes.ipv4-prefix': from(({ prefixes }) => prefixes.map(formatPrefix4)),
    'network-interface.mac-address': from(({ mac }) => [mac]),
    'network-interface.network-interface-id': from(({ id }) => [id]),
    'network-interface.owner-id': from(() => [context.account]),
    'network-interface.private-dns-name': from(({ addresses: [primary] }) =>
      primary === undefined ? [] : [privateDnsName(primary, context.region)],
    ),
    'network-interface.private-ip-address': addresses,
    'network-interface.requester-id': from(() => [requesterOf(context)]),
    'network-interface.requester-managed': from(() => [false]),
    'network-interface.source-dest-check': from(({ sourceDestCheck }) => [sourceDestCheck]),
    'network-interface.status': from(() => ['in-use']),
    'network-interface.subnet-id': from(({ subnet }) => [subnet]),
    'network-interface.tag-key': from(({ tags }) => Object.keys(tags)),
    'network-interface.tag-value': from(({ tags }) => Object.values(tags)),
    'network-interface.vpc-id': from(({ vpc }) => [vpc]),
  };
}
