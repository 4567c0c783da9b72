/** RunInstances: instances with their interfaces, all of them or none. */
import type { InstanceNetworkInterfaceSpecification, RunInstancesRequest, Reservation } from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { rememberToken, usedToken } from '../idempotency.ts';
import { privateDnsName } from '../interfaces/answer-interface.ts';
import { attach, mustFitInstance } from '../interfaces/attachment-calls.ts';
import { limitsOf, slotsOf } from '../interfaces/limits.ts';
import { addInterface } from '../interfaces/new-interface.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { InstanceEntity, InterfaceEntity, SubnetEntity, Tags } from '../tables.ts';
import { tagsOnCreate } from '../tags/tags.ts';
import { answerReservation } from './answer-instance.ts';

const taggable = ['instance', 'volume', 'network-interface', 'spot-instances-request'];
const action = 'RunInstances';

export function runInstances(draft: Draft, request: RunInstancesRequest, context: CallContext): Reservation {
  const used = usedToken(draft, action, request);
  if (used !== undefined) return earlier(draft, used, context);
  const count = readCounts(request);
  const plans = readInterfaces(draft, request);
  const [primary] = plans;
  if (primary === undefined) throw new Error('every instance has a primary interface');
  if (request.ImageId === undefined) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter ImageId');
  }
  if (!/^ami-[0-9a-f]{8}([0-9a-f]{9})?$/.test(request.ImageId)) {
    throw new Ec2Error('InvalidAMIID.Malformed', `Invalid id: "${request.ImageId}" (expecting "ami-...")`);
  }
  const type = request.InstanceType ?? 'm1.small';
  limitsOf(type);
  const reservation = newId(draft, 'r');
  const tags = tagsOnCreate(request.TagSpecifications, 'instance', taggable);
  const interfaceTags = tagsOnCreate(request.TagSpecifications, 'network-interface', taggable);
  const launched = Array.from({ length: count }, (_, launchIndex) =>
    launch(draft, { request, type, reservation, launchIndex, plans, tags, interfaceTags, context }),
  );
  rememberToken(draft, { action, request, resources: launched.map(({ id }) => id) });
  return answerReservation(draft, launched, context);
}

function readCounts({ MinCount: least = 0, MaxCount: most = 0 }: RunInstancesRequest): number {
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

type Plan = InstanceNetworkInterfaceSpecification & {
  readonly index: number;
  readonly card: number;
  readonly subnet: SubnetEntity;
  readonly existing?: InterfaceEntity;
};

/** What the request says of each interface; without such a list, of the one that every instance has. */
function readInterfaces(draft: Draft, request: RunInstancesRequest): readonly Plan[] {
  const listed = request.NetworkInterfaces ?? [];
  for (const name of ['SubnetId', 'SecurityGroupIds', 'SecurityGroups', 'PrivateIpAddress'] as const) {
    const value = request[name];
    if (listed.length > 0 && value !== undefined && value.length > 0) {
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
      return { ...wish, ...place, subnet: required(draft, 'subnet', wish.SubnetId) };
    }
    const existing = required(draft, 'interface', wish.NetworkInterfaceId);
    if (existing.attachment !== undefined) {
      throw new Ec2Error('InvalidNetworkInterface.InUse', `Interface: [${existing.id}] in use.`);
    }
    return { ...wish, ...place, existing, subnet: required(draft, 'subnet', existing.subnet) };
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

interface Launch {
  readonly request: RunInstancesRequest;
  readonly type: string;
  readonly reservation: string;
  readonly launchIndex: number;
  readonly plans: readonly Plan[];
  readonly tags: Tags;
  readonly interfaceTags: Tags;
  readonly context: CallContext;
}

function launch(draft: Draft, options: Launch): InstanceEntity {
  const { request, type, reservation, launchIndex, plans, tags, context } = options;
  const interfaces = plans.map((plan) => interfaceOf(draft, plan, options));
  const [primary] = interfaces;
  const address = primary?.addresses[0];
  if (primary === undefined || address === undefined) throw new Error('a primary interface without an address');
  const settleAtMs = context.nowMs + context.settlingMs('launch');
  const profile = request.IamInstanceProfile?.Arn ?? request.IamInstanceProfile?.Name;
  const instance: InstanceEntity = {
    id: newId(draft, 'i'),
    reservation,
    launchIndex,
    type,
    image: request.ImageId ?? '',
    state: 'pending',
    vpc: primary.vpc,
    subnet: primary.subnet,
    zone: primary.zone,
    privateDnsName: privateDnsName(address, context.region),
    launchedAtMs: context.nowMs,
    terminationProtected: request.DisableApiTermination === true,
    ...(request.KeyName !== undefined && { keyName: request.KeyName }),
    ...(request.UserData !== undefined && { userData: request.UserData }),
    ...(request.ClientToken !== undefined && { clientToken: request.ClientToken }),
    ...(profile !== undefined && { instanceProfile: profile }),
    tags,
    settleAtMs,
  };
  draft.put('instances', instance);
  for (const [position, plan] of plans.entries()) {
    const entity = interfaces[position];
    if (entity === undefined) continue;
    mustFitInstance(draft, { instance, card: plan.card, deviceIndex: plan.index });
    attach(draft, {
      entity,
      instance,
      deviceIndex: plan.index,
      card: plan.card,
      // Interfaces that the launch makes go with the instance, those that it is given stay.
      deleteOnTermination: plan.DeleteOnTermination ?? plan.existing === undefined,
      settleAtMs,
      context,
    });
  }
  return instance;
}

function interfaceOf(draft: Draft, plan: Plan, { request, type, interfaceTags, context }: Launch): InterfaceEntity {
  if (plan.existing !== undefined && request.MaxCount !== 1) {
    throw new Ec2Error('InvalidParameterCombination', 'A network interface can be specified for one instance only');
  }
  const entity =
    plan.existing ??
    addInterface(
      draft,
      {
        subnet: plan.subnet,
        groups: plan.Groups,
        description: plan.Description,
        tags: interfaceTags,
        primary: plan.PrivateIpAddress,
        addresses: plan.PrivateIpAddresses,
        secondaryCount: plan.SecondaryPrivateIpAddressCount,
        prefixes: plan.Ipv4Prefixes?.map(({ Ipv4Prefix = '' }) => Ipv4Prefix),
        prefixCount: plan.Ipv4PrefixCount,
      },
      context,
    );
  if (slotsOf(entity) > limitsOf(type).addressesPerInterface) {
    throw new Ec2Error(
      'InvalidInterface.IpAddressLimitExceeded',
      `The number of IP addresses on the network interface exceeds the limit for ${type}.`,
    );
  }
  return entity;
}

/** A token outlives its instance by a day, so that a late retry does not launch anew. */
function earlier(draft: Draft, ids: readonly string[], context: CallContext): Reservation {
  const instances = ids.map((id) => draft.get('instances', id)).filter((each) => each !== undefined);
  if (instances.length < ids.length || instances.every(({ state }) => state === 'terminated')) {
    throw new Ec2Error('IdempotentInstanceTerminated', 'The instances of this client token have been terminated.');
  }
  return answerReservation(draft, instances, context);
}
