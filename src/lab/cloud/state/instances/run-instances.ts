/** RunInstances: instances with their interfaces, all of them or none. */
import type { Reservation, RunInstancesRequest } from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { rememberToken, usedToken } from '../idempotency.ts';
import { privateDnsName } from '../interfaces/answer-interface.ts';
import { attach, mustFitInstance } from '../interfaces/attachment-calls.ts';
import { isOver, limitsOf } from '../interfaces/limits.ts';
import { addInterface } from '../interfaces/new-interface.ts';
import { newId } from '../random.ts';
import type { InstanceEntity, InterfaceEntity, Tags } from '../tables.ts';
import { tagsOnCreate } from '../tags/tags.ts';
import { answerReservation } from './answer-instance.ts';
import { type Plan, readCounts, readInterfaces } from './read-launch.ts';

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
        ipv6: {
          addresses: plan.Ipv6Addresses?.map(({ Ipv6Address = '' }) => Ipv6Address),
          count: plan.Ipv6AddressCount,
          prefixes: plan.Ipv6Prefixes?.map(({ Ipv6Prefix = '' }) => Ipv6Prefix),
          prefixCount: plan.Ipv6PrefixCount,
        },
      },
      context,
    );
  if (isOver(entity, limitsOf(type).addressesPerInterface)) {
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
