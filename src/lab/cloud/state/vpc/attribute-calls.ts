/** ModifyVpcAttribute, DescribeVpcAttribute, ModifySubnetAttribute. One attribute a call. */
import type {
  DescribeVpcAttributeRequest,
  DescribeVpcAttributeResult,
  ModifySubnetAttributeRequest,
  ModifyVpcAttributeRequest,
} from '@aws-sdk/client-ec2';

import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import { liveRange6 } from './ranges6.ts';

const onlyOne = (): Ec2Error =>
  new Ec2Error('InvalidParameterCombination', 'The request must contain exactly one attribute');

export function modifyVpcAttribute(draft: Draft, request: ModifyVpcAttributeRequest): object {
  const vpc = required(draft, 'vpc', request.VpcId ?? '');
  const { EnableDnsHostnames: hostnames, EnableDnsSupport: support, EnableNetworkAddressUsageMetrics: usage } = request;
  if ([hostnames, support, usage].filter((each) => each !== undefined).length !== 1) throw onlyOne();
  draft.put('vpcs', {
    ...vpc,
    ...(hostnames !== undefined && { dnsHostnames: hostnames.Value === true }),
    ...(support !== undefined && { dnsSupport: support.Value === true }),
  });
  return {};
}

export function describeVpcAttribute(view: View, request: DescribeVpcAttributeRequest): DescribeVpcAttributeResult {
  const vpc = required(view, 'vpc', request.VpcId ?? '');
  switch (request.Attribute) {
    case 'enableDnsHostnames':
      return { VpcId: vpc.id, EnableDnsHostnames: { Value: vpc.dnsHostnames ?? false } };
    case 'enableDnsSupport':
      return { VpcId: vpc.id, EnableDnsSupport: { Value: vpc.dnsSupport ?? true } };
    case 'enableNetworkAddressUsageMetrics':
      return { VpcId: vpc.id, EnableNetworkAddressUsageMetrics: { Value: false } };
    default:
      throw new Ec2Error(
        'InvalidParameterValue',
        `Value (${String(request.Attribute)}) for parameter attribute is invalid. Unknown attribute.`,
      );
  }
}

export function modifySubnetAttribute(draft: Draft, request: ModifySubnetAttributeRequest): object {
  const { SubnetId, ...attributes } = request;
  const subnet = required(draft, 'subnet', SubnetId ?? '');
  if (Object.keys(attributes).length !== 1) throw onlyOne();
  if (attributes.AssignIpv6AddressOnCreation !== undefined) {
    const assign = attributes.AssignIpv6AddressOnCreation.Value === true;
    if (assign && liveRange6(subnet) === undefined) {
      throw new Ec2Error(
        'InvalidParameterValue',
        `The subnet '${subnet.id}' does not have an IPv6 CIDR block associated with it.`,
      );
    }
    draft.put('subnets', { ...subnet, assignIpv6OnCreation: assign });
    return {};
  }
  if (attributes.MapPublicIpOnLaunch === undefined) {
    throw new Ec2Error('UnsupportedOperation', "The lab's cloud does not model this attribute.");
  }
  draft.put('subnets', { ...subnet, mapPublicIpOnLaunch: attributes.MapPublicIpOnLaunch.Value === true });
  return {};
}
