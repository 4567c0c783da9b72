/** Rules as EC2 answers them: gathered into IpPermissions, or one by one. */
import type { IpPermission, SecurityGroupRule } from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { GroupEntity, RuleEntity } from '../tables.ts';
import { answerTags } from '../tags/tags.ts';
import type { Direction, PlainRule } from './permissions.ts';

type Lists = {
  readonly [K in 'IpRanges' | 'Ipv6Ranges' | 'UserIdGroupPairs' | 'PrefixListIds']: NonNullable<IpPermission[K]>;
};

/** One permission for each (protocol, from, to), in the order in which the first rule of each came to be. */
export function answerPermissions(
  rules: readonly PlainRule[],
  direction: Direction,
  { account }: CallContext,
): IpPermission[] {
  const permissions = new Map<string, IpPermission & Lists>();
  for (const rule of rules) {
    if (rule.direction !== direction) continue;
    const key = `${rule.protocol} ${rule.fromPort ?? ''} ${rule.toPort ?? ''}`;
    const permission = permissions.get(key) ?? {
      IpProtocol: rule.protocol,
      FromPort: rule.fromPort,
      ToPort: rule.toPort,
      UserIdGroupPairs: [],
      IpRanges: [],
      Ipv6Ranges: [],
      PrefixListIds: [],
    };
    permissions.set(key, permission);
    const Description = rule.description;
    const { peer } = rule;
    if (peer.kind === 'group') {
      permission.UserIdGroupPairs.push({ UserId: account, GroupId: peer.group, Description });
    } else if (peer.kind === 'prefixList') {
      permission.PrefixListIds.push({ PrefixListId: peer.prefixList, Description });
    } else if (peer.cidr.includes(':')) {
      permission.Ipv6Ranges.push({ CidrIpv6: peer.cidr, Description });
    } else {
      permission.IpRanges.push({ CidrIp: peer.cidr, Description });
    }
  }
  return [...permissions.values()];
}

/** Ports of "all" are absent in IpPermissions, but −1 here. */
export function answerRule(group: GroupEntity, rule: RuleEntity, context: CallContext): SecurityGroupRule {
  const { peer } = rule;
  return {
    SecurityGroupRuleId: rule.id,
    SecurityGroupRuleArn: `arn:aws:ec2:${context.region}:${context.account}:security-group-rule/${rule.id}`,
    GroupId: group.id,
    GroupOwnerId: context.account,
    IsEgress: rule.direction === 'egress',
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort ?? -1,
    ToPort: rule.toPort ?? -1,
    ...(peer.kind === 'cidr' && (peer.cidr.includes(':') ? { CidrIpv6: peer.cidr } : { CidrIpv4: peer.cidr })),
    ...(peer.kind === 'group' && { ReferencedGroupInfo: { GroupId: peer.group, UserId: context.account } }),
    ...(peer.kind === 'prefixList' && { PrefixListId: peer.prefixList }),
    Description: rule.description,
    Tags: answerTags(rule.tags),
  };
}
