/** DescribeAddresses, and how interfaces and instances show their public addresses. */
import type {
  Address,
  DescribeAddressesRequest,
  DescribeAddressesResult,
  NetworkInterfaceAssociation,
} from '@aws-sdk/client-ec2';

import { formatIpv4, type Ipv4 } from '../../../../core/address/ipv4.ts';
import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { listed } from '../resource-kinds.ts';
import type { ElasticAddressEntity } from '../tables.ts';
import { answerTags } from '../tags/tags.ts';

export function describeAddresses(
  view: View,
  request: DescribeAddressesRequest,
  context: CallContext,
): DescribeAddressesResult {
  const all = listed(view, 'elasticAddress', request.AllocationIds);
  const known = new Set(all.map(({ address }) => formatIpv4(address)));
  const missing = (request.PublicIps ?? []).find((address) => !known.has(address));
  if (missing !== undefined) throw new Ec2Error('InvalidAddress.NotFound', `Address '${missing}' not found.`);
  const named = request.PublicIps ?? [];
  const wanted = named.length === 0 ? all : all.filter(({ address }) => named.includes(formatIpv4(address)));
  const instance = (each: ElasticAddressEntity) => instanceOf(view, each);
  const found = applyFilters(wanted, request.Filters, {
    'allocation-id': ({ id }) => [id],
    'association-id': ({ association }) => [association?.id],
    domain: () => ['vpc'],
    'instance-id': (each) => [instance(each)],
    'network-border-group': () => [context.region],
    'network-interface-id': ({ association }) => [association?.interface],
    'network-interface-owner-id': ({ association }) => [association === undefined ? undefined : context.account],
    'private-ip-address': ({ association }) => [association && formatIpv4(association.address)],
    'public-ip': ({ address }) => [formatIpv4(address)],
  });
  return { Addresses: found.map((each) => answerAddress(each, instance(each), context)) };
}

const instanceOf = (view: View, { association }: ElasticAddressEntity): string | undefined =>
  association?.interface === undefined
    ? undefined
    : view.get('interfaces', association.interface)?.attachment?.instance;

const answerAddress = (
  { id, address, association, tags }: ElasticAddressEntity,
  instance: string | undefined,
  { account, region }: CallContext,
): Address => ({
  AllocationId: id,
  PublicIp: formatIpv4(address),
  PublicIpv4Pool: 'amazon',
  NetworkBorderGroup: region,
  Domain: 'vpc',
  ...(association !== undefined && {
    AssociationId: association.id,
    PrivateIpAddress: formatIpv4(association.address),
    NetworkInterfaceId: association.interface,
    NetworkInterfaceOwnerId: account,
    InstanceId: instance,
  }),
  Tags: answerTags(tags),
});

/** Of an interface's private address, where it has one. */
export function publicAddressOf(
  view: View,
  owner: string,
  address: Ipv4 | undefined,
): ElasticAddressEntity | undefined {
  for (const each of view.all('elasticAddresses')) {
    if (each.association?.interface === owner && each.association.address === address) return each;
  }
  return undefined;
}

/** As an instance shows it; an interface also says which allocation and association it is. */
export const answerInstanceAssociation = (found: ElasticAddressEntity | undefined, { account }: CallContext) =>
  found === undefined
    ? {}
    : { Association: { IpOwnerId: account, PublicDnsName: '', PublicIp: formatIpv4(found.address) } };

export const answerAssociation = (
  found: ElasticAddressEntity | undefined,
  context: CallContext,
): { readonly Association?: NetworkInterfaceAssociation } => {
  const { Association } = answerInstanceAssociation(found, context);
  return Association === undefined
    ? {}
    : { Association: { ...Association, AllocationId: found?.id, AssociationId: found?.association?.id } };
};
