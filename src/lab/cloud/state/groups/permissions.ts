/** IpPermissions, in which a request says many rules at once, and the single rules of which they consist. */
import type { IpPermission } from '@aws-sdk/client-ec2';

import { formatPrefix4, parsePrefix4Loosely } from '../../../../core/address/prefix.ts';
import type { RulePeer, SecurityGroupRule } from '../../../../core/vpc/model.ts';
import type { CallContext } from '../context.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import type { GroupEntity, RuleEntity } from '../tables.ts';

export type Direction = SecurityGroupRule['direction'];
/** A rule without the id that it gets when it is stored. */
export type PlainRule = Omit<SecurityGroupRule, 'id'>;

const protocolNames: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' };
const protocolNumbers: Readonly<Record<string, string>> = { tcp: '6', udp: '17', icmp: '1', icmpv6: '58' };

/** EC2's form: names for 6, 17, 1 and 58, `-1` for all, else the number. */
export function readProtocol(text: string | undefined): string {
  const lower = text?.toLowerCase() ?? '';
  if (lower === '') throw new Ec2Error('MissingParameter', 'The request must contain the parameter IpProtocol');
  if (lower === '-1' || lower === 'all') return '-1';
  const number = protocolNumbers[lower] ?? lower;
  if (!/^\d{1,3}$/.test(number) || Number(number) > 255) {
    throw new Ec2Error('InvalidParameterValue', `Invalid value '${text}' for IP protocol. Unknown protocol.`);
  }
  return protocolNames[String(Number(number))] ?? String(Number(number));
}

/** Ports of TCP and UDP must be given, type and code of ICMP too; those of other protocols are not kept. */
export function readPorts(
  protocol: string,
  from: number | undefined,
  to: number | undefined,
): { readonly fromPort?: number; readonly toPort?: number } {
  if (protocol === 'icmpv6' && from === undefined) return { fromPort: -1, toPort: -1 };
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    const [type, code] = [from ?? -1, to ?? -1];
    if (from === undefined && to === undefined) {
      throw new Ec2Error('InvalidParameterValue', 'ICMP type and code must be specified (-1 for all).');
    }
    if (type < -1 || type > 255 || code < -1 || code > 255 || (type === -1 && code !== -1)) {
      throw new Ec2Error('InvalidParameterValue', `Invalid value for ICMP: type ${type}, code ${code}`);
    }
    return { fromPort: type, toPort: code };
  }
  if (protocol !== 'tcp' && protocol !== 'udp') return {};
  if (from === undefined || to === undefined) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.`,
    );
  }
  for (const port of [from, to]) {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new Ec2Error('InvalidParameterValue', `Invalid value '${port}' for port. Must be between 0 and 65535.`);
    }
  }
  if (from > to) {
    throw new Ec2Error('InvalidParameterValue', `Invalid TCP/UDP port range (${from}:${to})`);
  }
  return { fromPort: from, toPort: to };
}

export interface ReadRulesOptions {
  readonly view: View;
  readonly group: GroupEntity;
  readonly direction: Direction;
  readonly context: CallContext;
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

export function readCidr4(text: string): string {
  const parsed = parsePrefix4Loosely(text);
  if (!parsed.ok) throw new Ec2Error('InvalidParameterValue', `CIDR block ${text} is malformed`);
  return formatPrefix4(parsed.value);
}

export function readCidr6(text: string): string {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > 128 || !URL.canParse(`http://[${address}]/`)) {
    throw new Ec2Error('InvalidParameterValue', `CIDR block ${text} is malformed`);
  }
  return `${new URL(`http://[${address}]/`).hostname.slice(1, -1)}/${Number(length)}`;
}

const allowedInDescription = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/;

export function readDescription(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!allowedInDescription.test(text)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  }
  return text;
}

export const peerText = (peer: RulePeer): string =>
  peer.kind === 'cidr' ? peer.cidr : peer.kind === 'group' ? peer.group : peer.prefixList;

/** What makes two rules of a group the same. */
export const ruleKey = ({ direction, protocol, fromPort, toPort, peer }: PlainRule | RuleEntity): string =>
  [direction, protocol, fromPort ?? '', toPort ?? '', peerText(peer)].join(' ');
