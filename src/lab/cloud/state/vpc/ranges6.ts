/** Ranges of IPv6 as Amazon provides them: a /56 for a VPC, a /64 of it for each subnet. */
import type { SubnetIpv6CidrBlockAssociation, VpcIpv6CidrBlockAssociation } from '@aws-sdk/client-ec2';

import type { Ipv6 } from '../../../../core/address/ipv6.ts';
import {
  type Prefix6,
  containsPrefix,
  formatPrefix,
  overlaps,
  parsePrefix6Loosely,
  prefix6,
} from '../../../../core/address/prefix.ts';
import type { CallContext } from '../context.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { newId } from '../random.ts';
import type { Cidr6, SubnetEntity, VpcEntity } from '../tables.ts';

/** Of the range for documentation (RFC 3849), so that a packet that escapes the lab reaches nobody. */
const pool = prefix6('2001:db8:1::/48');
const VPC_LENGTH = 56;
const SUBNET_LENGTH = 64;

const settlesAt = (context: CallContext): number => context.nowMs + context.settlingMs('associateCidr');

/** The lowest free /56, not yet put into the VPC. */
export function newVpcRange6(draft: Draft, context: CallContext): Cidr6 {
  const taken = new Set([...draft.all('vpcs')].flatMap(({ cidrs6 = [] }) => cidrs6.map(({ cidr }) => cidr)));
  for (let index = 0n; index < 2n ** BigInt(VPC_LENGTH - pool.length); index++) {
    const base = (pool.base + (index << BigInt(128 - VPC_LENGTH))) as Ipv6;
    const cidr = formatPrefix({ base, length: VPC_LENGTH });
    if (taken.has(cidr)) continue;
    return { association: newId(draft, 'vpc-cidr-assoc'), cidr, state: 'associating', settleAtMs: settlesAt(context) };
  }
  throw new Error('more ranges than all VPCs of an account may have');
}

/** A range that a subnet asks for: in one of its VPC's, and of no other subnet. */
export function newSubnetRange6(
  draft: Draft,
  vpc: VpcEntity,
  { text, context }: { readonly text: string; readonly context: CallContext },
): Cidr6 {
  const parsed = parsePrefix6Loosely(text);
  if (!parsed.ok) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value (${text}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.`,
    );
  }
  const cidr = formatPrefix(parsed.value);
  const ranges = (vpc.cidrs6 ?? []).filter(({ state }) => state === 'associated').map((range) => prefix6(range.cidr));
  if (parsed.value.length !== SUBNET_LENGTH || !ranges.some((range) => containsPrefix(range, parsed.value))) {
    throw new Ec2Error('InvalidSubnet.Range', `The CIDR '${cidr}' is invalid.`);
  }
  const taken = [...draft.all('subnets')].flatMap(({ cidrs6 = [] }) => cidrs6.map((range) => prefix6(range.cidr)));
  if (taken.some((range) => overlaps(range, parsed.value))) {
    throw new Ec2Error('InvalidSubnet.Conflict', `The CIDR '${cidr}' conflicts with another subnet`);
  }
  return { association: newId(draft, 'subnet-cidr-assoc'), cidr, state: 'associating', settleAtMs: settlesAt(context) };
}

export const disassociating = <C extends object>(range: C, context: CallContext) => ({
  ...range,
  state: 'disassociating' as const,
  settleAtMs: settlesAt(context),
});

/** The range from which a subnet's interfaces get their addresses, if it has one. */
export function liveRange6({ cidrs6 = [] }: SubnetEntity): Prefix6 | undefined {
  const live = cidrs6.find(({ state }) => state !== 'disassociating');
  return live && prefix6(live.cidr);
}

export const hasIpv6 = (view: View, vpc: string): boolean => (view.get('vpcs', vpc)?.cidrs6 ?? []).length > 0;

/**
 * EC2 lets IPv6 out of a VPC's groups when the VPC gets its first range, unless their egress rules have been edited
 * ("Security group rules", user guide).
 */
export function letIpv6Out(draft: Draft, vpc: string): void {
  for (const group of draft.all('groups')) {
    const [only, ...others] = group.rules.filter(({ direction }) => direction === 'egress');
    const untouched =
      only?.protocol === '-1' && only.peer.kind === 'cidr' && only.peer.cidr === '0.0.0.0/0' && others.length === 0;
    if (group.vpc !== vpc || !untouched) continue;
    const rule = { ...only, id: newId(draft, 'sgr'), peer: { kind: 'cidr', cidr: '::/0' }, tags: {} } as const;
    draft.put('groups', { ...group, rules: [...group.rules, rule] });
  }
}

export const answerVpcRange6 = (
  { association, cidr, state }: Cidr6,
  { region }: CallContext,
): VpcIpv6CidrBlockAssociation => ({
  AssociationId: association,
  Ipv6CidrBlock: cidr,
  Ipv6CidrBlockState: { State: state },
  NetworkBorderGroup: region,
  Ipv6Pool: 'Amazon',
  Ipv6AddressAttribute: 'public',
  IpSource: 'amazon',
});

export const answerSubnetRange6 = ({ association, cidr, state }: Cidr6): SubnetIpv6CidrBlockAssociation => ({
  AssociationId: association,
  Ipv6CidrBlock: cidr,
  Ipv6CidrBlockState: { State: state },
  Ipv6AddressAttribute: 'public',
  IpSource: 'amazon',
});
