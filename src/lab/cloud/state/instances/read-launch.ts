/** What RunInstances asks for: how many, and with which interfaces. */
import type { InstanceNetworkInterfaceSpecification, RunInstancesRequest } from '@aws-sdk/client-ec2';

import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import type { InterfaceEntity, SubnetEntity } from '../tables.ts';

export function readCounts({ MinCount: least = 0, MaxCount: most = 0 }: RunInstancesRequest): number {
  for (const [name, value] of [
    ['minCount', least],
    ['maxCount', most],
  ] as const) {
    if (!Number.isInteger(value) || value < 1) {
      throw new Ec2Error(
        'InvalidParameterValue',
        `Value (${value}) for parameter ${name} is invalid. It must be a positive integer.`,
      );
    }
  }
  if (least > most) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value (${least}) for parameter minCount is invalid. It must be at most maxCount.`,
    );
  }
  if (most > 20) {
    throw new Ec2Error(
      'InstanceLimitExceeded',
      `You have requested more instances (${most}) than your current instance limit of 20 allows for the specified instance type.`,
    );
  }
  return most;
}

/** An interface of each instance that is launched; `existing` is one that the launch is given. */
export type Plan = InstanceNetworkInterfaceSpecification & {
  readonly index: number;
  readonly card: number;
  readonly subnet: SubnetEntity;
  readonly existing?: InterfaceEntity;
};

const instanceLevel = [
  'SubnetId',
  'SecurityGroupIds',
  'SecurityGroups',
  'PrivateIpAddress',
  'Ipv6Addresses',
  'Ipv6AddressCount',
] as const;

/** What the request says of each interface; without such a list, of the one that every instance has. */
export function readInterfaces(view: View, request: RunInstancesRequest): readonly Plan[] {
  const listed = request.NetworkInterfaces ?? [];
  for (const name of instanceLevel) {
    const value = request[name];
    const given = value !== undefined && (typeof value === 'number' || value.length > 0);
    if (listed.length > 0 && given) {
      throw new Ec2Error(
        'InvalidParameterCombination',
        'Network interfaces and an instance-level subnet ID, security groups or private address may not be specified on the same request',
      );
    }
  }
  if (request.SecurityGroups !== undefined && request.SecurityGroups.length > 0 && request.SubnetId !== undefined) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'The parameter groupName cannot be used with the parameter subnet',
    );
  }
  const wished: readonly InstanceNetworkInterfaceSpecification[] =
    listed.length > 0
      ? listed
      : [
          {
            DeviceIndex: 0,
            SubnetId: request.SubnetId,
            Groups: request.SecurityGroupIds,
            PrivateIpAddress: request.PrivateIpAddress,
            Ipv6Addresses: request.Ipv6Addresses,
            Ipv6AddressCount: request.Ipv6AddressCount,
          },
        ];
  const plans = wished.map((wish): Plan => {
    if (wish.DeviceIndex === undefined) {
      throw new Ec2Error('MissingParameter', 'The request must contain the parameter deviceIndex');
    }
    const place = { index: wish.DeviceIndex, card: wish.NetworkCardIndex ?? 0 };
    if (wish.NetworkInterfaceId === undefined) {
      if (wish.SubnetId === undefined) {
        throw new Ec2Error('MissingInput', 'No subnets found for the default VPC. Please specify a subnet.');
      }
      return { ...wish, ...place, subnet: required(view, 'subnet', wish.SubnetId) };
    }
    const existing = required(view, 'interface', wish.NetworkInterfaceId);
    if (existing.attachment !== undefined) {
      throw new Ec2Error('InvalidNetworkInterface.InUse', `Interface: [${existing.id}] in use.`);
    }
    return { ...wish, ...place, existing, subnet: required(view, 'subnet', existing.subnet) };
  });
  plans.sort((a, b) => a.card - b.card || a.index - b.index);
  if (plans[0]?.index !== 0 || plans[0].card !== 0) {
    throw new Ec2Error(
      'InvalidParameterValue',
      'When specifying network interfaces, you must include a device at index 0.',
    );
  }
  if (new Set(plans.map(({ subnet }) => `${subnet.vpc} ${subnet.zone}`)).size > 1) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'Network interfaces must be in the same network and availability zone',
    );
  }
  return plans;
}
