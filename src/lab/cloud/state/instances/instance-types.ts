/** DescribeInstanceTypes, from the same table of limits that the attaching calls obey. */
import type { DescribeInstanceTypesRequest, DescribeInstanceTypesResult, InstanceTypeInfo } from '@aws-sdk/client-ec2';

import { type InstanceLimits, instanceLimits } from '../../../../core/limits/instance-limits.ts';
import { instanceLimitRows } from '../../../../core/limits/instance-limits.gen.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { architectureOf } from './answer-instance.ts';

interface TypeRow {
  readonly name: string;
  readonly limits: InstanceLimits;
  readonly runsOn: 'nitro' | 'xen' | 'metal';
  readonly tags: Readonly<Record<string, string>>;
}

function rowOf(name: string): TypeRow | undefined {
  const limits = instanceLimits(name);
  const runsOn = limits === undefined ? undefined : instanceLimitRows[name]?.[2];
  return limits === undefined || runsOn === undefined ? undefined : { name, limits, runsOn, tags: {} };
}

export function describeInstanceTypes(_view: View, request: DescribeInstanceTypesRequest): DescribeInstanceTypesResult {
  const names = request.InstanceTypes ?? [];
  const unknown = names.filter((name) => rowOf(name) === undefined);
  if (unknown.length > 0) {
    throw new Ec2Error(
      'InvalidInstanceType',
      `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
    );
  }
  const rows = (names.length === 0 ? Object.keys(instanceLimitRows) : names)
    .map(rowOf)
    .filter((row) => row !== undefined);
  const found = applyFilters(rows, request.Filters, {
    'bare-metal': ({ runsOn }) => [runsOn === 'metal'],
    'current-generation': () => [true],
    hypervisor: ({ runsOn }) => [runsOn === 'metal' ? undefined : runsOn],
    'instance-type': ({ name }) => [name],
    'network-info.ipv4-addresses-per-interface': ({ limits }) => [limits.addressesPerInterface],
    'network-info.ipv6-addresses-per-interface': ({ limits }) => [limits.addressesPerInterface],
    'network-info.ipv6-supported': () => [true],
    'network-info.maximum-network-cards': ({ limits }) => [limits.interfacesByCard.length],
    'network-info.maximum-network-interfaces': ({ limits }) => [limits.interfaces],
    'processor-info.supported-architecture': ({ name }) => [architectureOf(name)],
    'supported-usage-class': () => ['on-demand', 'spot'],
    'supported-virtualization-type': () => ['hvm'],
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: ({ name }) => name,
    exclusive: { name: 'instanceTypes', ids: request.InstanceTypes },
    most: 100,
  });
  return { NextToken: nextToken, InstanceTypes: page.map(answerType) };
}

const answerType = ({ name, limits, runsOn }: TypeRow): InstanceTypeInfo => ({
  InstanceType: name as never,
  CurrentGeneration: true,
  FreeTierEligible: false,
  SupportedUsageClasses: ['on-demand', 'spot'],
  SupportedRootDeviceTypes: ['ebs'],
  SupportedVirtualizationTypes: ['hvm'],
  BareMetal: runsOn === 'metal',
  ...(runsOn !== 'metal' && { Hypervisor: runsOn }),
  ProcessorInfo: { SupportedArchitectures: [architectureOf(name)] },
  NetworkInfo: {
    MaximumNetworkInterfaces: limits.interfaces,
    MaximumNetworkCards: limits.interfacesByCard.length,
    DefaultNetworkCardIndex: 0,
    NetworkCards: limits.interfacesByCard.map((MaximumNetworkInterfaces, NetworkCardIndex) => ({
      NetworkCardIndex,
      MaximumNetworkInterfaces,
    })),
    Ipv4AddressesPerInterface: limits.addressesPerInterface,
    Ipv6AddressesPerInterface: limits.addressesPerInterface,
    Ipv6Supported: true,
    EnaSupport: runsOn === 'xen' ? 'supported' : 'required',
    EfaSupported: false,
  },
});
