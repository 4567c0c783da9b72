/** Authorize and Revoke, both directions. A call adds or takes away all of its rules or none. */
import type {
  AuthorizeSecurityGroupEgressRequest,
  AuthorizeSecurityGroupIngressRequest,
  AuthorizeSecurityGroupIngressResult,
  IpPermission,
  RevokeSecurityGroupEgressRequest,
  RevokeSecurityGroupIngressRequest,
  RevokeSecurityGroupIngressResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { GroupEntity, RuleEntity } from '../tables.ts';
import { tagsOnCreate } from '../tags/tags.ts';
import { answerRule } from './answer-rules.ts';
import { type Direction, type PlainRule, peerText, readRules, ruleKey } from './permissions.ts';

const RULES_PER_GROUP = 60;

type AuthorizeRequest = AuthorizeSecurityGroupIngressRequest & AuthorizeSecurityGroupEgressRequest;
type RevokeRequest = RevokeSecurityGroupIngressRequest & RevokeSecurityGroupEgressRequest;

export const authorize =
  (direction: Direction) =>
  (draft: Draft, request: AuthorizeRequest, context: CallContext): AuthorizeSecurityGroupIngressResult => {
    const group = groupOf(draft, request.GroupId);
    const asked = readRules(permissionsOf(request, direction), { view: draft, group, direction });
    const present = new Map(group.rules.map((rule) => [ruleKey(rule), rule]));
    for (const rule of asked) if (present.has(ruleKey(rule))) throw duplicate(rule);
    const tags = tagsOnCreate(request.TagSpecifications, 'security-group-rule');
    const added = asked.map((rule): RuleEntity => ({ ...rule, id: newId(draft, 'sgr'), tags }));
    const next: GroupEntity = { ...group, rules: [...group.rules, ...added] };
    mustFit(draft, next, direction);
    draft.put('groups', next);
    return { Return: true, SecurityGroupRules: added.map((rule) => answerRule(next, rule, context)) };
  };

export const revoke =
  (direction: Direction) =>
  (draft: Draft, request: RevokeRequest, context: CallContext): RevokeSecurityGroupIngressResult => {
    const group = groupOf(draft, request.GroupId);
    const doomed =
      request.SecurityGroupRuleIds !== undefined && request.SecurityGroupRuleIds.length > 0
        ? rulesById(group, request.SecurityGroupRuleIds, direction)
        : rulesByContent(group, readRules(permissionsOf(request, direction), { view: draft, group, direction }));
    draft.put('groups', { ...group, rules: group.rules.filter((rule) => !doomed.has(rule)) });
    return {
      Return: true,
      UnknownIpPermissions: [],
      RevokedSecurityGroupRules: [...doomed].map((rule) => {
        const {
          SecurityGroupRuleArn: _arn,
          GroupOwnerId: _owner,
          Tags: _tags,
          ReferencedGroupInfo,
          ...answer
        } = answerRule(group, rule, context);
        return { ...answer, ReferencedGroupId: ReferencedGroupInfo?.GroupId };
      }),
    };
  };

function groupOf(draft: Draft, id: string | undefined): GroupEntity {
  if (id === undefined) throw new Ec2Error('MissingParameter', 'The request must contain the parameter groupId');
  return required(draft, 'group', id);
}

/** The list, or the older way of saying one rule by parameters of its own. */
function permissionsOf(request: AuthorizeRequest & RevokeRequest, direction: Direction): readonly IpPermission[] {
  const { IpPermissions = [], IpProtocol, FromPort, ToPort, CidrIp, SourceSecurityGroupName } = request;
  if (IpProtocol === undefined && CidrIp === undefined && SourceSecurityGroupName === undefined) return IpPermissions;
  if (direction === 'egress') {
    throw new Ec2Error('InvalidParameterValue', 'Use the parameter ipPermissions to specify rules of egress.');
  }
  return [
    ...IpPermissions,
    {
      IpProtocol: IpProtocol ?? '-1',
      FromPort,
      ToPort,
      ...(CidrIp !== undefined && { IpRanges: [{ CidrIp }] }),
      ...(SourceSecurityGroupName !== undefined && { UserIdGroupPairs: [{ GroupName: SourceSecurityGroupName }] }),
    },
  ];
}

function duplicate(rule: PlainRule): Ec2Error {
  const known = ['tcp', 'udp', 'icmp'].includes(rule.protocol);
  const what =
    rule.protocol === '-1'
      ? 'ALL'
      : known
        ? `${rule.protocol.toUpperCase()}, from port: ${rule.fromPort}, to port: ${rule.toPort}`
        : `protocol: ${rule.protocol}`;
  return new Ec2Error(
    'InvalidPermission.Duplicate',
    `the specified rule "peer: ${peerText(rule.peer)}, ${what}, ALLOW" already exists`,
  );
}

/** The quota counts IPv4 and IPv6 apart; a group counts in both, a prefix list with its size in its family. */
function mustFit(view: View, group: GroupEntity, direction: Direction): void {
  let [four, six] = [0, 0];
  for (const { peer, direction: its } of group.rules) {
    if (its !== direction) continue;
    const list = peer.kind === 'prefixList' ? view.get('prefixLists', peer.prefixList) : undefined;
    const isSix = list?.family === 'IPv6' || (peer.kind === 'cidr' && peer.cidr.includes(':'));
    const weight = list?.maxEntries ?? 1;
    if (peer.kind === 'group' || !isSix) four += weight;
    if (peer.kind === 'group' || isSix) six += weight;
  }
  if (Math.max(four, six) > RULES_PER_GROUP) {
    throw new Ec2Error(
      'RulesPerSecurityGroupLimitExceeded',
      'The maximum number of rules per security group has been reached.',
    );
  }
}

function rulesById(group: GroupEntity, ids: readonly string[], direction: Direction): ReadonlySet<RuleEntity> {
  return new Set(
    ids.map((id) => {
      const rule = group.rules.find((each) => each.id === id && each.direction === direction);
      if (rule === undefined) {
        throw new Ec2Error('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);
      }
      return rule;
    }),
  );
}

function rulesByContent(group: GroupEntity, asked: readonly PlainRule[]): ReadonlySet<RuleEntity> {
  const byKey = new Map(group.rules.map((rule) => [ruleKey(rule), rule]));
  return new Set(
    asked.map((rule) => {
      const found = byKey.get(ruleKey(rule));
      if (found === undefined) {
        throw new Ec2Error('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
      }
      return found;
    }),
  );
}
