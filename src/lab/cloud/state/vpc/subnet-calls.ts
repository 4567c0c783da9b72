/** CreateSubnet, DeleteSubnet, DescribeSubnets. */
import type {
  CreateSubnetRequest,
  CreateSubnetResult,
  DeleteSubnetRequest,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
  Subnet,
} from '@aws-sdk/client-ec2';

import { containsPrefix, formatPrefix4, overlaps } from '../../../../core/address/prefix.ts';
import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { freeAddressCounts } from '../interfaces/address-space.ts';
import { newId } from '../random.ts';
import { listed, required } from '../resource-kinds.ts';
import type { SubnetEntity } from '../tables.ts';
import { answerTags, tagsOnCreate } from '../tags/tags.ts';
import { readCidr } from './ranges.ts';
import { answerSubnetRange6, newSubnetRange6 } from './ranges6.ts';
import { zoneId } from './zone-calls.ts';

export function createSubnet(draft: Draft, request: CreateSubnetRequest, context: CallContext): CreateSubnetResult {
  const vpc = required(draft, 'vpc', request.VpcId ?? '');
  if (request.Ipv6Native === true) throw refuseNative(request);
  if (request.CidrBlock === undefined) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter cidrBlock');
  }
  const cidr = readCidr(request.CidrBlock, { parameter: 'cidrBlock', outOfRange: 'InvalidSubnet.Range' });
  const ranges = vpc.cidrs.filter(({ state }) => state === 'associated');
  if (!ranges.some((range) => containsPrefix(range.cidr, cidr))) {
    throw new Ec2Error('InvalidSubnet.Range', `The CIDR '${formatPrefix4(cidr)}' is invalid.`);
  }
  const siblings = [...draft.all('subnets')].filter((subnet) => subnet.vpc === vpc.id);
  if (siblings.some((sibling) => overlaps(sibling.cidr, cidr))) {
    throw new Ec2Error('InvalidSubnet.Conflict', `The CIDR '${formatPrefix4(cidr)}' conflicts with another subnet`);
  }
  if (siblings.length >= 200) {
    throw new Ec2Error('SubnetLimitExceeded', 'The maximum number of subnets has been reached.');
  }
  const subnet: SubnetEntity = {
    id: newId(draft, 'subnet'),
    vpc: vpc.id,
    zone: chooseZone(request, context),
    cidr,
    ...(request.Ipv6CidrBlock !== undefined && {
      cidrs6: [newSubnetRange6(draft, vpc, { text: request.Ipv6CidrBlock, context })],
    }),
    mapPublicIpOnLaunch: false,
    tags: tagsOnCreate(request.TagSpecifications, 'subnet'),
  };
  draft.put('subnets', subnet);
  return { Subnet: answerSubnet(subnet, freeAddressCounts(draft).get(subnet.id) ?? 0, context) };
}

/** Subnets of IPv6 alone are not modelled; what EC2 itself refuses of them comes first. */
function refuseNative({ CidrBlock, Ipv6CidrBlock }: CreateSubnetRequest): Ec2Error {
  if (CidrBlock !== undefined) {
    return new Ec2Error(
      'InvalidParameterCombination',
      'When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true.',
    );
  }
  if (Ipv6CidrBlock === undefined) {
    return new Ec2Error('MissingParameter', "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.");
  }
  return new Ec2Error('UnsupportedOperation', "The lab's cloud does not model subnets of IPv6 alone.");
}

function chooseZone(request: CreateSubnetRequest, context: CallContext): string {
  const [first = ''] = context.zones;
  const byId = context.zones.find((zone) => zoneId(zone) === request.AvailabilityZoneId);
  if (request.AvailabilityZone === undefined && request.AvailabilityZoneId === undefined) return first;
  if (request.AvailabilityZone === undefined && byId !== undefined) return byId;
  const zone = request.AvailabilityZone ?? '';
  if (context.zones.includes(zone)) return zone;
  throw new Ec2Error(
    'InvalidParameterValue',
    `Value (${request.AvailabilityZone ?? request.AvailabilityZoneId}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${context.zones.join(', ')}.`,
  );
}

export function deleteSubnet(draft: Draft, request: DeleteSubnetRequest): object {
  const subnet = required(draft, 'subnet', request.SubnetId ?? '');
  const gateways = [...draft.all('natGateways')].filter(({ state }) => state !== 'deleted');
  if ([...draft.all('interfaces'), ...gateways].some((each) => each.subnet === subnet.id)) {
    throw new Ec2Error('DependencyViolation', `The subnet '${subnet.id}' has dependencies and cannot be deleted.`);
  }
  for (const table of draft.all('routeTables')) {
    const associations = table.associations.filter((each) => each.subnet !== subnet.id);
    if (associations.length < table.associations.length) draft.put('routeTables', { ...table, associations });
  }
  draft.remove('subnets', subnet.id);
  return {};
}

export function describeSubnets(
  view: View,
  request: DescribeSubnetsRequest,
  context: CallContext,
): DescribeSubnetsResult {
  const free = freeAddressCounts(view);
  const zone = (subnet: SubnetEntity) => [subnet.zone];
  const idOfZone = (subnet: SubnetEntity) => [zoneId(subnet.zone)];
  const cidr = (subnet: SubnetEntity) => [formatPrefix4(subnet.cidr)];
  const found = applyFilters(listed(view, 'subnet', request.SubnetIds), request.Filters, {
    'availability-zone': zone,
    availabilityZone: zone,
    'availability-zone-id': idOfZone,
    availabilityZoneId: idOfZone,
    'available-ip-address-count': (subnet) => [free.get(subnet.id)],
    'cidr-block': cidr,
    cidr,
    cidrBlock: cidr,
    'default-for-az': () => [false],
    defaultForAz: () => [false],
    'enable-dns64': () => [false],
    'ipv6-cidr-block-association.ipv6-cidr-block': ({ cidrs6 = [] }) => cidrs6.map((range) => range.cidr),
    'ipv6-cidr-block-association.association-id': ({ cidrs6 = [] }) => cidrs6.map(({ association }) => association),
    'ipv6-cidr-block-association.state': ({ cidrs6 = [] }) => cidrs6.map(({ state }) => state),
    'ipv6-native': () => [false],
    'map-customer-owned-ip-on-launch': () => [false],
    'map-public-ip-on-launch': (subnet) => [subnet.mapPublicIpOnLaunch],
    'outpost-arn': () => [],
    'owner-id': () => [context.account],
    state: () => ['available'],
    'subnet-arn': (subnet) => [subnetArn(subnet, context)],
    'subnet-id': (subnet) => [subnet.id],
    'vpc-id': (subnet) => [subnet.vpc],
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: (subnet) => subnet.id,
    exclusive: { name: 'subnetSet', ids: request.SubnetIds },
  });
  return {
    NextToken: nextToken,
    Subnets: page.map((subnet) => answerSubnet(subnet, free.get(subnet.id) ?? 0, context)),
  };
}

const subnetArn = (subnet: SubnetEntity, { region, account }: CallContext): string =>
  `arn:aws:ec2:${region}:${account}:subnet/${subnet.id}`;

const answerSubnet = (subnet: SubnetEntity, free: number, context: CallContext): Subnet => ({
  SubnetId: subnet.id,
  SubnetArn: subnetArn(subnet, context),
  VpcId: subnet.vpc,
  OwnerId: context.account,
  State: 'available',
  CidrBlock: formatPrefix4(subnet.cidr),
  Ipv6CidrBlockAssociationSet: (subnet.cidrs6 ?? []).map(answerSubnetRange6),
  AvailabilityZone: subnet.zone,
  AvailabilityZoneId: zoneId(subnet.zone),
  AvailableIpAddressCount: free,
  DefaultForAz: false,
  MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
  MapCustomerOwnedIpOnLaunch: false,
  AssignIpv6AddressOnCreation: subnet.assignIpv6OnCreation ?? false,
  EnableDns64: false,
  Ipv6Native: false,
  PrivateDnsNameOptionsOnLaunch: {
    HostnameType: 'ip-name',
    EnableResourceNameDnsARecord: false,
    EnableResourceNameDnsAAAARecord: false,
  },
  Tags: answerTags(subnet.tags),
});
