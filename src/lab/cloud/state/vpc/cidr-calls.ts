/** AssociateVpcCidrBlock and DisassociateVpcCidrBlock: ranges added to a VPC and taken from it. */
import type {
  AssociateVpcCidrBlockRequest,
  AssociateVpcCidrBlockResult,
  DisassociateVpcCidrBlockRequest,
  DisassociateVpcCidrBlockResult,
} from '@aws-sdk/client-ec2';

import {
  type Prefix4,
  containsPrefix,
  formatPrefix4,
  overlaps,
  prefix4,
  prefix6,
} from '../../../../core/address/prefix.ts';
import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { VpcCidr, VpcEntity } from '../tables.ts';
import { answerVpcRange6, disassociating, letIpv6Out, liveRange6, newVpcRange6 } from './ranges6.ts';
import { readCidr } from './ranges.ts';

const CIDRS_PER_VPC = 5;

export function associateVpcCidrBlock(
  draft: Draft,
  request: AssociateVpcCidrBlockRequest,
  context: CallContext,
): AssociateVpcCidrBlockResult {
  const vpc = required(draft, 'vpc', request.VpcId ?? '');
  if (request.AmazonProvidedIpv6CidrBlock === true) return associateIpv6(draft, vpc, { request, context });
  if (request.CidrBlock === undefined) {
    throw new Ec2Error(
      'UnsupportedOperation',
      "The lab's cloud adds ranges of IPv4 by cidrBlock and of IPv6 by amazonProvidedIpv6CidrBlock.",
    );
  }
  const cidr = readCidr(request.CidrBlock, { parameter: 'cidrBlock', outOfRange: 'InvalidVpc.Range' });
  mustHaveRoom(vpc, vpc.cidrs);
  if (vpc.cidrs.some((each) => overlaps(each.cidr, cidr))) {
    throw new Ec2Error('InvalidVpc.Range', `The CIDR '${formatPrefix4(cidr)}' overlaps with pre-existing CIDR block`);
  }
  mustBeAllowed(
    cidr,
    vpc.cidrs.map((each) => each.cidr),
  );
  const association: VpcCidr = {
    association: newId(draft, 'vpc-cidr-assoc'),
    cidr,
    state: 'associating',
    settleAtMs: context.nowMs + context.settlingMs('associateCidr'),
  };
  draft.put('vpcs', { ...vpc, cidrs: [...vpc.cidrs, association] });
  return { VpcId: vpc.id, CidrBlockAssociation: answerCidr(association) };
}

function associateIpv6(
  draft: Draft,
  vpc: VpcEntity,
  { request, context }: { readonly request: AssociateVpcCidrBlockRequest; readonly context: CallContext },
): AssociateVpcCidrBlockResult {
  if (request.CidrBlock !== undefined) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'The parameter amazonProvidedIpv6CidrBlock cannot be used with the parameter cidrBlock',
    );
  }
  mustHaveRoom(vpc, vpc.cidrs6 ?? []);
  const association = newVpcRange6(draft, context);
  draft.put('vpcs', { ...vpc, cidrs6: [...(vpc.cidrs6 ?? []), association] });
  letIpv6Out(draft, vpc.id);
  return { VpcId: vpc.id, Ipv6CidrBlockAssociation: answerVpcRange6(association, context) };
}

function mustHaveRoom({ id }: VpcEntity, present: readonly unknown[]): void {
  if (present.length < CIDRS_PER_VPC) return;
  throw new Ec2Error(
    'CidrLimitExceeded',
    `This network ${id} has met its maximum number of allowed CIDRs: ${CIDRS_PER_VPC}`,
  );
}

export const answerCidr = ({ association, cidr, state }: VpcCidr) => ({
  AssociationId: association,
  CidrBlock: formatPrefix4(cidr),
  CidrBlockState: { State: state },
});

const [ten, tenFifteen, oneSevenTwo, oneNineTwo, oneNineEight, linkLocal, dockerLike] = [
  '10.0.0.0/8',
  '10.0.0.0/15',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.19.0.0/16',
  '169.254.0.0/16',
  '172.31.0.0/16',
].map(prefix4) as [Prefix4, Prefix4, Prefix4, Prefix4, Prefix4, Prefix4, Prefix4];
const reservedByAws = prefix4('10.0.0.0/16');

/** Which ranges may join a VPC, by the range that it began with ("VPC CIDR block association restrictions"). */
function mustBeAllowed(cidr: Prefix4, present: readonly Prefix4[]): void {
  const primary = present[0] ?? cidr;
  const isIn = (range: Prefix4): boolean => containsPrefix(range, primary);
  const inTen = isIn(ten) && present.some((each) => containsPrefix(tenFifteen, each));
  const restricted = isIn(ten)
    ? [oneSevenTwo, oneNineTwo, oneNineEight, ...(inTen ? [reservedByAws] : [])]
    : isIn(oneSevenTwo)
      ? [ten, oneNineTwo, dockerLike, oneNineEight]
      : isIn(oneNineTwo)
        ? [ten, oneSevenTwo, oneNineEight]
        : isIn(oneNineEight)
          ? [ten, oneSevenTwo, oneNineTwo]
          : [ten, oneSevenTwo, oneNineTwo, oneNineEight];
  if ([...restricted, linkLocal].some((range) => overlaps(range, cidr))) {
    throw new Ec2Error(
      'InvalidVpc.Range',
      `The CIDR '${formatPrefix4(cidr)}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html`,
    );
  }
}

export function disassociateVpcCidrBlock(
  draft: Draft,
  request: DisassociateVpcCidrBlockRequest,
  context: CallContext,
): DisassociateVpcCidrBlockResult {
  const id = request.AssociationId ?? '';
  const has = (cidrs: readonly { readonly association: string }[] = []): boolean =>
    cidrs.some(({ association }) => association === id);
  const vpc = [...draft.all('vpcs')].find(({ cidrs, cidrs6 }) => has(cidrs) || has(cidrs6));
  if (vpc !== undefined && has(vpc.cidrs6)) return disassociateIpv6(draft, vpc, { id, context });
  const found = vpc?.cidrs.find(({ association }) => association === id);
  if (vpc === undefined || found === undefined) {
    throw new Ec2Error(
      'InvalidVpcCidrBlockAssociationID.NotFound',
      `The vpc CIDR block association ID '${id}' does not exist`,
    );
  }
  if (found === vpc.cidrs[0]) {
    throw new Ec2Error(
      'OperationNotPermitted',
      `The vpc CIDR block with association ID ${id} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    );
  }
  const used = [...draft.all('subnets')].some((each) => each.vpc === vpc.id && containsPrefix(found.cidr, each.cidr));
  if (used) throw rangeInUse(id);
  const leaving = disassociating(found, context);
  draft.put('vpcs', { ...vpc, cidrs: vpc.cidrs.map((each) => (each === found ? leaving : each)) });
  return { VpcId: vpc.id, CidrBlockAssociation: answerCidr(leaving) };
}

function disassociateIpv6(
  draft: Draft,
  vpc: VpcEntity,
  { id, context }: { readonly id: string; readonly context: CallContext },
): DisassociateVpcCidrBlockResult {
  const cidrs6 = (vpc.cidrs6 ?? []).map((each) => (each.association === id ? disassociating(each, context) : each));
  const leaving = cidrs6.find(({ association }) => association === id);
  if (leaving === undefined) throw new Error(`VPC ${vpc.id} has no range ${id}`);
  for (const subnet of draft.all('subnets')) {
    const range = subnet.vpc === vpc.id ? liveRange6(subnet) : undefined;
    if (range !== undefined && containsPrefix(prefix6(leaving.cidr), range)) throw rangeInUse(id);
  }
  draft.put('vpcs', { ...vpc, cidrs6 });
  return { VpcId: vpc.id, Ipv6CidrBlockAssociation: answerVpcRange6(leaving, context) };
}

const rangeInUse = (id: string): Ec2Error =>
  new Ec2Error('DependencyViolation', `The vpc CIDR block '${id}' has dependencies and cannot be disassociated.`);
