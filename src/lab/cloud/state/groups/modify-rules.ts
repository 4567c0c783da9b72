/** ModifySecurityGroupRules and UpdateSecurityGroupRuleDescriptions*: rules change and keep their ids. */
import type {
  IpPermission,
  ModifySecurityGroupRulesRequest,
  ModifySecurityGroupRulesResult,
  SecurityGroupRuleRequest,
  UpdateSecurityGroupRuleDescriptionsIngressRequest,
  UpdateSecurityGroupRuleDescriptionsIngressResult,
} from '@aws-sdk/client-ec2';

import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import type { GroupEntity, RuleEntity } from '../tables.ts';
import { type Direction, type PlainRule, readRules, ruleKey } from './permissions.ts';
import { readDescription } from './rule-fields.ts';

const unknownRule = (id: string): Ec2Error =>
  new Ec2Error('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);

export function modifySecurityGroupRules(
  draft: Draft,
  request: ModifySecurityGroupRulesRequest,
): ModifySecurityGroupRulesResult {
  const group = required(draft, 'group', request.GroupId ?? '');
  const rules = new Map(group.rules.map((rule) => [rule.id, rule]));
  for (const { SecurityGroupRuleId: id = '', SecurityGroupRule: wish = {} } of request.SecurityGroupRules ?? []) {
    const rule = rules.get(id);
    if (rule === undefined) throw unknownRule(id);
    const [read] = readRules([permissionOf(wish)], { view: draft, group, direction: rule.direction });
    if (read === undefined) throw unknownRule(id);
    mustBeSameKind(rule, read, wish);
    rules.set(id, { ...read, id, tags: rule.tags });
  }
  const changed = [...rules.values()];
  if (new Set(changed.map(ruleKey)).size < changed.length) {
    throw new Ec2Error('InvalidPermission.Duplicate', 'The specified rule already exists in this security group.');
  }
  draft.put('groups', { ...group, rules: changed });
  return { Return: true };
}

function permissionOf(wish: SecurityGroupRuleRequest): IpPermission {
  const { IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId, Description } = wish;
  return {
    IpProtocol,
    // Where all is meant, −1 is what DescribeSecurityGroupRules answers for the ports.
    FromPort,
    ToPort,
    ...(CidrIpv4 !== undefined && { IpRanges: [{ CidrIp: CidrIpv4, Description }] }),
    ...(CidrIpv6 !== undefined && { Ipv6Ranges: [{ CidrIpv6, Description }] }),
    ...(PrefixListId !== undefined && { PrefixListIds: [{ PrefixListId, Description }] }),
    ...(ReferencedGroupId !== undefined && { UserIdGroupPairs: [{ GroupId: ReferencedGroupId, Description }] }),
  };
}

const kindOf = ({ peer }: PlainRule | RuleEntity): string =>
  peer.kind === 'cidr' ? (peer.cidr.includes(':') ? 'IPv6 CIDR' : 'IPv4 CIDR') : peer.kind;

function mustBeSameKind(rule: RuleEntity, read: PlainRule, wish: SecurityGroupRuleRequest): void {
  if (kindOf(rule) === kindOf(read)) return;
  const named = (['CidrIpv4', 'CidrIpv6', 'PrefixListId', 'ReferencedGroupId'] as const).find(
    (name) => wish[name] !== undefined,
  );
  throw new Ec2Error(
    'InvalidParameterValue',
    `Invalid rule type for security group rule '${rule.id}'. You may not specify ${named} for an existing ${kindOf(rule)} rule.`,
  );
}

export const updateDescriptions =
  (direction: Direction) =>
  (
    draft: Draft,
    request: UpdateSecurityGroupRuleDescriptionsIngressRequest,
  ): UpdateSecurityGroupRuleDescriptionsIngressResult => {
    const group = required(draft, 'group', request.GroupId ?? '');
    const descriptions = describedRules(draft, { group, direction, request });
    const rules = group.rules.map((rule) => {
      const text = descriptions.get(rule.id);
      if (text === undefined) return rule;
      const { description: _old, ...rest } = rule;
      // An empty one clears it.
      const description = readDescription(text);
      return { ...rest, ...(description !== undefined && { description }) };
    });
    draft.put('groups', { ...group, rules });
    return { Return: true };
  };

interface DescribedOptions {
  readonly group: GroupEntity;
  readonly direction: Direction;
  readonly request: UpdateSecurityGroupRuleDescriptionsIngressRequest;
}

/** New descriptions by rule id. */
function describedRules(draft: Draft, { group, direction, request }: DescribedOptions): ReadonlyMap<string, string> {
  const byId = request.SecurityGroupRuleDescriptions ?? [];
  const own = group.rules.filter((rule) => rule.direction === direction);
  if (byId.length > 0) {
    return new Map(
      byId.map(({ SecurityGroupRuleId: id = '', Description = '' }) => {
        if (!own.some((rule) => rule.id === id)) throw unknownRule(id);
        return [id, Description];
      }),
    );
  }
  const byKey = new Map(own.map((rule) => [ruleKey(rule), rule.id]));
  return new Map(
    readRules(request.IpPermissions ?? [], { view: draft, group, direction }).map((rule) => {
      const id = byKey.get(ruleKey(rule));
      if (id === undefined) {
        throw new Ec2Error('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
      }
      return [id, rule.description ?? ''];
    }),
  );
}
