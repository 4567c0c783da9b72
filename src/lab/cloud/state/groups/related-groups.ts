/** GetSecurityGroupsForVpc, and what crosses VPCs: since the lab has no peering, no reference does and none is stale. */
import type {
  DescribeSecurityGroupReferencesRequest,
  DescribeSecurityGroupReferencesResult,
  DescribeStaleSecurityGroupsRequest,
  DescribeStaleSecurityGroupsResult,
  GetSecurityGroupsForVpcRequest,
  GetSecurityGroupsForVpcResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { View } from '../draft.ts';
import { listed, required } from '../resource-kinds.ts';
import { answerTags } from '../tags/tags.ts';

export function getSecurityGroupsForVpc(
  view: View,
  request: GetSecurityGroupsForVpcRequest,
  context: CallContext,
): GetSecurityGroupsForVpcResult {
  const vpc = required(view, 'vpc', request.VpcId ?? '');
  const own = [...view.all('groups')].filter((group) => group.vpc === vpc.id);
  const found = applyFilters(own, request.Filters, {
    description: (group) => [group.description],
    'group-id': (group) => [group.id],
    'group-name': (group) => [group.name],
    'owner-id': () => [context.account],
    'primary-vpc-id': (group) => [group.vpc],
  });
  const { page, nextToken } = paginate(found, { request, idOf: (group) => group.id });
  return {
    NextToken: nextToken,
    SecurityGroupForVpcs: page.map((group) => ({
      GroupId: group.id,
      GroupName: group.name,
      Description: group.description,
      OwnerId: context.account,
      PrimaryVpcId: group.vpc,
      Tags: answerTags(group.tags),
    })),
  };
}

export function describeSecurityGroupReferences(
  view: View,
  request: DescribeSecurityGroupReferencesRequest,
): DescribeSecurityGroupReferencesResult {
  listed(view, 'group', request.GroupId);
  return { SecurityGroupReferenceSet: [] };
}

export function describeStaleSecurityGroups(
  view: View,
  request: DescribeStaleSecurityGroupsRequest,
): DescribeStaleSecurityGroupsResult {
  required(view, 'vpc', request.VpcId ?? '');
  paginate([], { request, idOf: () => '', most: 255 });
  return { StaleSecurityGroupSet: [] };
}
