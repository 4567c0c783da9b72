/** AssociateSubnetCidrBlock and DisassociateSubnetCidrBlock: a subnet's one range of IPv6. */
import type {
  AssociateSubnetCidrBlockRequest,
  AssociateSubnetCidrBlockResult,
  DisassociateSubnetCidrBlockRequest,
  DisassociateSubnetCidrBlockResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import { answerSubnetRange6, disassociating, newSubnetRange6 } from './ranges6.ts';

export function associateSubnetCidrBlock(
  draft: Draft,
  request: AssociateSubnetCidrBlockRequest,
  context: CallContext,
): AssociateSubnetCidrBlockResult {
  const subnet = required(draft, 'subnet', request.SubnetId ?? '');
  if (request.Ipv6CidrBlock === undefined) {
    throw new Ec2Error('MissingParameter', "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.");
  }
  if ((subnet.cidrs6 ?? []).length > 0) {
    throw new Ec2Error(
      'CidrLimitExceeded',
      `This subnet ${subnet.id} has met its maximum number of allowed IPv6 CIDRs: 1`,
    );
  }
  const vpc = required(draft, 'vpc', subnet.vpc);
  const range = newSubnetRange6(draft, vpc, { text: request.Ipv6CidrBlock, context });
  draft.put('subnets', { ...subnet, cidrs6: [range] });
  return { SubnetId: subnet.id, Ipv6CidrBlockAssociation: answerSubnetRange6(range) };
}

export function disassociateSubnetCidrBlock(
  draft: Draft,
  request: DisassociateSubnetCidrBlockRequest,
  context: CallContext,
): DisassociateSubnetCidrBlockResult {
  const id = request.AssociationId ?? '';
  for (const subnet of draft.all('subnets')) {
    const found = subnet.cidrs6?.find(({ association }) => association === id);
    if (found === undefined) continue;
    for (const { subnet: home, addresses6 = [], prefixes6 = [] } of draft.all('interfaces')) {
      if (home !== subnet.id || addresses6.length + prefixes6.length === 0) continue;
      throw new Ec2Error(
        'DependencyViolation',
        `The subnet CIDR block '${id}' has dependencies and cannot be disassociated.`,
      );
    }
    const leaving = disassociating(found, context);
    draft.put('subnets', { ...subnet, cidrs6: [leaving], assignIpv6OnCreation: false });
    return { SubnetId: subnet.id, Ipv6CidrBlockAssociation: answerSubnetRange6(leaving) };
  }
  throw new Ec2Error(
    'InvalidSubnetCidrBlockAssociationID.NotFound',
    `The subnet CIDR block association ID '${id}' does not exist`,
  );
}
