/** DescribeNetworkInterfaceAttribute. */
import type {
  DescribeNetworkInterfaceAttributeRequest,
  DescribeNetworkInterfaceAttributeResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import { answerInterface } from './answer-interface.ts';

export function describeNetworkInterfaceAttribute(
  view: View,
  request: DescribeNetworkInterfaceAttributeRequest,
  context: CallContext,
): DescribeNetworkInterfaceAttributeResult {
  const entity = required(view, 'interface', request.NetworkInterfaceId ?? '');
  const { Attachment, Groups } = answerInterface(view, entity, context);
  const answer = { NetworkInterfaceId: entity.id };
  switch (request.Attribute) {
    case 'description':
      return { ...answer, Description: { Value: entity.description } };
    case 'groupSet':
      return { ...answer, Groups };
    case 'sourceDestCheck':
      return { ...answer, SourceDestCheck: { Value: entity.sourceDestCheck } };
    case 'attachment':
      return { ...answer, Attachment };
    case 'associatePublicIpAddress':
      return { ...answer, AssociatePublicIpAddress: false };
    default:
      throw new Ec2Error(
        'InvalidParameterValue',
        `Value (${String(request.Attribute)}) for parameter attribute is invalid. Unknown attribute.`,
      );
  }
}
