/** IpPermissions, in which a request says many rules at once, and the single rules of which they consist. */
import type { IpPermission } from '@aws-sdk/client-ec2';

import type { RulePeer, SecurityGroupRule } from '../../../../core/vpc/model.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import type { GroupEntity, RuleEntity } from '../tables.ts';
import { readCidr4, readCidr6, readDescription, readPorts, readProtocol } from './rule-fields.ts';

export type Direction = SecurityGroupRule['direction'];
/** A rule without the id that it gets when it is stored. */
export type PlainRule = Omit<SecurityGroupRule, 'id'>;

export interface ReadRulesOptions {
  readonly view: View;
  readonly group: GroupEntity;
  readonly direction: Direction;
}

/** One rule a peer. The same rule twice in one request refuses all of it, whatever its descriptions. */
export function readRules(permissions: readonly IpPermission[], options: ReadRulesOptions): readonly PlainRule[] {
  const rules = permissions.flatMap((permission) => {
    const protocol = readProtocol(permission.IpProtocol);
    const ports = readPorts(protocol, permission.FromPort, permission.ToPort);
    return peersOf(permission, options).map(({ peer, description }): PlainRule => {
      const said = readDescription(description);
      return {
        direction: options.direction,
        protocol,
        ...ports,
        peer,
        ...(said !== undefined && { description: said }),
      };
    });
  });
  if (rules.length === 0) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter ipPermissions');
  }
  if (new Set(rules.map(ruleKey)).size < rules.length) {
    throw new Ec2Error('InvalidParameterValue', 'The same permission must not appear multiple times');
  }
  return rules;
}

interface DescribedPeer {
  readonly peer: RulePeer;
  readonly description: string | undefined;
}

function peersOf(permission: IpPermission, options: ReadRulesOptions): readonly DescribedPeer[] {
  return [
    ...(permission.IpRanges ?? []).map(({ CidrIp, Description }) => ({
      peer: { kind: 'cidr', cidr: readCidr4(CidrIp ?? '') } as const,
      description: Description,
    })),
    ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6, Description }) => ({
      peer: { kind: 'cidr', cidr: readCidr6(CidrIpv6 ?? '') } as const,
      description: Description,
    })),
    ...(permission.UserIdGroupPairs ?? []).map((pair) => ({
      peer: { kind: 'group', group: groupOf(pair, options) } as const,
      description: pair.Description,
    })),
    ...(permission.PrefixListIds ?? []).map(({ PrefixListId = '', Description }) => ({
      peer: { kind: 'prefixList', prefixList: required(options.view, 'prefixList', PrefixListId).id } as const,
      description: Description,
    })),
  ];
}

function groupOf(
  pair: { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined },
  { view, group }: ReadRulesOptions,
): string {
  const referenced =
    pair.GroupId === undefined
      ? [...view.all('groups')].find((each) => each.vpc === group.vpc && each.name === pair.GroupName)
      : required(view, 'group', pair.GroupId);
  if (referenced === undefined || referenced.vpc !== group.vpc) {
    throw new Ec2Error(
      'InvalidGroup.NotFound',
      `You have specified two resources that belong to different networks or do not exist: '${pair.GroupId ?? pair.GroupName}'`,
    );
  }
  return referenced.id;
}

export const peerText = (peer: RulePeer): string =>
  peer.kind === 'cidr' ? peer.cidr : peer.kind === 'group' ? peer.group : peer.prefixList;

/** What makes two rules of a group the same. */
export const ruleKey = ({ direction, protocol, fromPort, toPort, peer }: PlainRule | RuleEntity): string =>
  [direction, protocol, fromPort ?? '', toPort ?? '', peerText(peer)].join(' ');
