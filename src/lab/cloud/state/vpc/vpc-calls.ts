/** CreateVpc, DeleteVpc, DescribeVpcs. */
import type {
  CreateVpcRequest,
  CreateVpcResult,
  DeleteVpcRequest,
  DescribeVpcsRequest,
  DescribeVpcsResult,
  Vpc,
} from '@aws-sdk/client-ec2';

import { formatPrefix4 } from '../../../../core/address/prefix.ts';
import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { addGroup } from '../groups/group-calls.ts';
import { newId } from '../random.ts';
import { listed, required } from '../resource-kinds.ts';
import { addRouteTable } from '../routes/route-table-calls.ts';
import type { RouteTableEntity, VpcEntity } from '../tables.ts';
import { answerTags, tagsOnCreate } from '../tags/tags.ts';
import { answerCidr } from './cidr-calls.ts';
import { readCidr } from './ranges.ts';
import { answerVpcRange6, newVpcRange6 } from './ranges6.ts';

const VPCS_PER_REGION = 5;

/** A VPC comes with its default group: everything in from itself, everything out. */
export function createVpc(draft: Draft, request: CreateVpcRequest, context: CallContext): CreateVpcResult {
  if (request.CidrBlock === undefined) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter cidrBlock');
  }
  if ([request.Ipv6CidrBlock, request.Ipv6Pool, request.Ipv6IpamPoolId].some((each) => each !== undefined)) {
    throw new Ec2Error('UnsupportedOperation', "The lab's cloud has IPv6 by amazonProvidedIpv6CidrBlock only.");
  }
  const vpc: VpcEntity = {
    id: newId(draft, 'vpc'),
    cidrs: [
      {
        association: newId(draft, 'vpc-cidr-assoc'),
        cidr: readCidr(request.CidrBlock, { parameter: 'cidrBlock', outOfRange: 'InvalidVpc.Range' }),
        state: 'associated',
      },
    ],
    ...(request.AmazonProvidedIpv6CidrBlock === true && { cidrs6: [newVpcRange6(draft, context)] }),
    ordinal: freeOrdinal(draft),
    tags: tagsOnCreate(request.TagSpecifications, 'vpc'),
  };
  draft.put('vpcs', vpc);
  const group = addGroup(draft, { vpc: vpc.id, name: 'default', description: 'default VPC security group', tags: {} });
  const peer = { kind: 'group', group: group.id } as const;
  const rule = { id: newId(draft, 'sgr'), direction: 'ingress', protocol: '-1', peer, tags: {} } as const;
  draft.put('groups', { ...group, rules: [rule, ...group.rules] });
  addRouteTable(draft, { vpc: vpc.id, main: true, tags: {} });
  // EC2 answers `pending` although the VPC is usable at once.
  return { Vpc: { ...answerVpc(vpc, context), State: 'pending' } };
}

function freeOrdinal(view: View): number {
  const taken = new Set([...view.all('vpcs')].map(({ ordinal }) => ordinal));
  if (taken.size >= VPCS_PER_REGION)
    throw new Ec2Error('VpcLimitExceeded', 'The maximum number of VPCs has been reached.');
  let ordinal = 0;
  while (taken.has(ordinal)) ordinal++;
  return ordinal;
}

export function deleteVpc(draft: Draft, request: DeleteVpcRequest): object {
  const vpc = required(draft, 'vpc', request.VpcId ?? '');
  const inVpc = (each: { readonly vpc: string }): boolean => each.vpc === vpc.id;
  const groups = [...draft.all('groups')].filter(inVpc);
  const tables = [...draft.all('routeTables')].filter(inVpc);
  const isMain = (table: RouteTableEntity): boolean => table.associations.some(({ subnet }) => subnet === undefined);
  const busy =
    [...draft.all('subnets')].some(inVpc) ||
    [...draft.all('internetGateways')].some((gateway) => gateway.vpc === vpc.id) ||
    groups.some((group) => group.name !== 'default') ||
    tables.some((table) => !isMain(table));
  if (busy) {
    throw new Ec2Error('DependencyViolation', `The vpc '${vpc.id}' has dependencies and cannot be deleted.`);
  }
  for (const group of groups) draft.remove('groups', group.id);
  for (const table of tables) draft.remove('routeTables', table.id);
  draft.remove('vpcs', vpc.id);
  return {};
}

export function describeVpcs(view: View, request: DescribeVpcsRequest, context: CallContext): DescribeVpcsResult {
  const found = applyFilters(listed(view, 'vpc', request.VpcIds), request.Filters, {
    cidr: (vpc) => vpc.cidrs.slice(0, 1).map(({ cidr }) => formatPrefix4(cidr)),
    'cidr-block-association.cidr-block': (vpc) => vpc.cidrs.map(({ cidr }) => formatPrefix4(cidr)),
    'cidr-block-association.association-id': (vpc) => vpc.cidrs.map(({ association }) => association),
    'cidr-block-association.state': (vpc) => vpc.cidrs.map(({ state }) => state),
    'dhcp-options-id': () => ['default'],
    'ipv6-cidr-block-association.ipv6-cidr-block': ({ cidrs6 = [] }) => cidrs6.map(({ cidr }) => cidr),
    'ipv6-cidr-block-association.ipv6-pool': ({ cidrs6 = [] }) => cidrs6.map(() => 'Amazon'),
    'ipv6-cidr-block-association.association-id': ({ cidrs6 = [] }) => cidrs6.map(({ association }) => association),
    'ipv6-cidr-block-association.state': ({ cidrs6 = [] }) => cidrs6.map(({ state }) => state),
    'is-default': () => [false],
    isDefault: () => [false],
    'owner-id': () => [context.account],
    state: () => ['available'],
    'vpc-id': (vpc) => [vpc.id],
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: (vpc) => vpc.id,
    exclusive: { name: 'vpcIds', ids: request.VpcIds },
  });
  return { NextToken: nextToken, Vpcs: page.map((vpc) => answerVpc(vpc, context)) };
}

export const answerVpc = (vpc: VpcEntity, context: CallContext): Vpc => ({
  VpcId: vpc.id,
  OwnerId: context.account,
  State: 'available',
  CidrBlock: vpc.cidrs.slice(0, 1).map(({ cidr }) => formatPrefix4(cidr))[0],
  CidrBlockAssociationSet: vpc.cidrs.map(answerCidr),
  Ipv6CidrBlockAssociationSet: (vpc.cidrs6 ?? []).map((range) => answerVpcRange6(range, context)),
  DhcpOptionsId: 'default',
  InstanceTenancy: 'default',
  IsDefault: false,
  Tags: answerTags(vpc.tags),
});
