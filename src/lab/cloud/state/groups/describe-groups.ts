/** DescribeSecurityGroups and DescribeSecurityGroupRules. */
import type {
  DescribeSecurityGroupRulesRequest,
  DescribeSecurityGroupRulesResult,
  DescribeSecurityGroupsRequest,
  DescribeSecurityGroupsResult,
  SecurityGroup,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import { type FilterTable, applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { isId, listed } from '../resource-kinds.ts';
import type { GroupEntity, RuleEntity } from '../tables.ts';
import { answerTags } from '../tags/tags.ts';
import { answerPermissions, answerRule } from './answer-rules.ts';
import { groupArn } from './group-calls.ts';
import type { Direction } from './permissions.ts';

export function describeSecurityGroups(
  view: View,
  request: DescribeSecurityGroupsRequest,
  context: CallContext,
): DescribeSecurityGroupsResult {
  const names = request.GroupNames ?? [];
  const all = listed(view, 'group', request.GroupIds);
  const unknown = names.filter((name) => !all.some((group) => group.name === name));
  if (unknown.length > 0) {
    throw new Ec2Error('InvalidGroup.NotFound', `The security group '${unknown[0]}' does not exist`);
  }
  const named = names.length === 0 ? all : all.filter((group) => names.includes(group.name));
  const found = applyFilters(named, request.Filters, {
    description: (group) => [group.description],
    'group-id': (group) => [group.id],
    'group-name': (group) => [group.name],
    'owner-id': () => [context.account],
    'vpc-id': (group) => [group.vpc],
    ...ruleFilters(view, 'ingress', 'ip-permission', context),
    ...ruleFilters(view, 'egress', 'egress.ip-permission', context),
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: (group) => group.id,
    exclusive: { name: 'groupIdSet', ids: request.GroupIds },
  });
  return { NextToken: nextToken, SecurityGroups: page.map((group) => answerGroup(group, context)) };
}

/** They match if any rules of the group satisfy them together, not necessarily one and the same. */
function ruleFilters(view: View, direction: Direction, prefix: string, context: CallContext): FilterTable<GroupEntity> {
  const from =
    <T>(read: (rule: RuleEntity) => T) =>
    (group: GroupEntity): readonly T[] =>
      group.rules.filter((rule) => rule.direction === direction).map(read);
  const groupOf = ({ peer }: RuleEntity) => (peer.kind === 'group' ? peer.group : undefined);
  return {
    [`${prefix}.cidr`]: from(({ peer }) => (peer.kind === 'cidr' && !peer.cidr.includes(':') ? peer.cidr : undefined)),
    [`${prefix}.ipv6-cidr`]: from(({ peer }) =>
      peer.kind === 'cidr' && peer.cidr.includes(':') ? peer.cidr : undefined,
    ),
    [`${prefix}.from-port`]: from((rule) => rule.fromPort),
    [`${prefix}.to-port`]: from((rule) => rule.toPort),
    [`${prefix}.protocol`]: from((rule) => rule.protocol),
    [`${prefix}.prefix-list-id`]: from(({ peer }) => (peer.kind === 'prefixList' ? peer.prefixList : undefined)),
    [`${prefix}.group-id`]: from(groupOf),
    [`${prefix}.group-name`]: from((rule) => view.get('groups', groupOf(rule) ?? '')?.name),
    [`${prefix}.user-id`]: from((rule) => (groupOf(rule) === undefined ? undefined : context.account)),
  };
}

const answerGroup = (group: GroupEntity, context: CallContext): SecurityGroup => ({
  GroupId: group.id,
  GroupName: group.name,
  SecurityGroupArn: groupArn(group, context),
  Description: group.description,
  OwnerId: context.account,
  VpcId: group.vpc,
  IpPermissions: answerPermissions(group.rules, 'ingress', context),
  IpPermissionsEgress: answerPermissions(group.rules, 'egress', context),
  Tags: answerTags(group.tags),
});

export function describeSecurityGroupRules(
  view: View,
  request: DescribeSecurityGroupRulesRequest,
  context: CallContext,
): DescribeSecurityGroupRulesResult {
  for (const { Name, Values = [] } of request.Filters ?? []) {
    const malformed = Name === 'group-id' ? Values.find((id) => !isId('sg', id)) : undefined;
    if (malformed !== undefined) {
      throw new Ec2Error('InvalidGroupId.Malformed', `The security group ID '${malformed}' is malformed`);
    }
  }
  const rows = [...view.all('groups')].flatMap((group) =>
    group.rules.map((rule) => ({ group, rule, tags: rule.tags })),
  );
  const ids = request.SecurityGroupRuleIds ?? [];
  const unknown = ids.find((id) => !rows.some(({ rule }) => rule.id === id));
  if (unknown !== undefined) {
    throw new Ec2Error('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${unknown}' does not exist`);
  }
  const named = ids.length === 0 ? rows : rows.filter(({ rule }) => ids.includes(rule.id));
  const found = applyFilters(named, request.Filters, {
    'group-id': ({ group }) => [group.id],
    'security-group-rule-id': ({ rule }) => [rule.id],
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: ({ rule }) => rule.id,
    exclusive: { name: 'securityGroupRuleIds', ids: request.SecurityGroupRuleIds },
  });
  return {
    NextToken: nextToken,
    SecurityGroupRules: page.map(({ group, rule }) => answerRule(group, rule, context)),
  };
}
