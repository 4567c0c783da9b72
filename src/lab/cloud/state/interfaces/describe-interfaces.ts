/** DescribeNetworkInterfaces, with all of the model's filters. */
import type { DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult } from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import { type FilterTable, applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { View } from '../draft.ts';
import { listed } from '../resource-kinds.ts';
import type { Attachment, InterfaceEntity } from '../tables.ts';
import { zoneId } from '../vpc/zone-calls.ts';
import { addressTexts } from './address-texts.ts';
import { answerInterface, interfaceStatus, privateDnsName, requesterOf } from './answer-interface.ts';

export function describeNetworkInterfaces(
  view: View,
  request: DescribeNetworkInterfacesRequest,
  context: CallContext,
): DescribeNetworkInterfacesResult {
  const all = listed(view, 'interface', request.NetworkInterfaceIds);
  const found = applyFilters(all, request.Filters, interfaceFilters(context));
  const { page, nextToken } = paginate(found, {
    request,
    idOf: (each) => each.id,
    exclusive: { name: 'networkInterfaceIds', ids: request.NetworkInterfaceIds },
  });
  return { NextToken: nextToken, NetworkInterfaces: page.map((each) => answerInterface(view, each, context)) };
}

const none = (): readonly string[] => [];

const attached =
  <T>(read: (attachment: Attachment) => T) =>
  ({ attachment }: InterfaceEntity): readonly T[] =>
    attachment === undefined ? [] : [read(attachment)];

function interfaceFilters(context: CallContext): FilterTable<InterfaceEntity> {
  const { account, region } = context;
  return {
    'association.allocation-id': none,
    'association.association-id': none,
    'association.ip-owner-id': none,
    'association.public-ip': none,
    'association.public-dns-name': none,
    'addresses.association.owner-id': none,
    'addresses.association.public-ip': none,
    'addresses.primary': (each) => each.addresses.map((_, index) => index === 0),
    'addresses.private-ip-address': addressTexts,
    'attachment.attach-time': attached(({ attachedAtMs }) => new Date(attachedAtMs).toISOString()),
    'attachment.attachment-id': attached(({ id }) => id),
    'attachment.delete-on-termination': attached(({ deleteOnTermination }) => deleteOnTermination),
    'attachment.device-index': attached(({ deviceIndex }) => deviceIndex),
    'attachment.instance-id': attached(({ instance }) => instance),
    'attachment.instance-owner-id': attached(() => account),
    'attachment.status': attached(({ status }) => status),
    'availability-zone': (each) => [each.zone],
    'availability-zone-id': (each) => [zoneId(each.zone)],
    description: (each) => [each.description],
    'group-id': (each) => each.groups,
    'interface-type': (each) => [each.type],
    'ipv6-addresses.ipv6-address': ({ addresses6 = [] }) => addresses6,
    'mac-address': (each) => [each.mac],
    'network-interface-id': (each) => [each.id],
    'operator.managed': () => [false],
    'operator.principal': none,
    'owner-id': () => [account],
    'private-dns-name': (each) => each.addresses.slice(0, 1).map((address) => privateDnsName(address, region)),
    'private-ip-address': addressTexts,
    'requester-id': () => [requesterOf(context)],
    'requester-managed': () => [false],
    'source-dest-check': (each) => [each.sourceDestCheck],
    status: (each) => [interfaceStatus(each)],
    'subnet-id': (each) => [each.subnet],
    'vpc-id': (each) => [each.vpc],
  };
}
