/** The interface calls of the fake, synchronous and with EC2's own codes; `fake.ts` makes the port out of them. */
import { instanceLimits } from '../../core/limits/instance-limits.ts';
import type { Ec2, Ec2Interface } from '../port.ts';
import { type FakeQuotas, type FakeWorld, type StoredInterface, takeAddresses } from './fake-world.ts';
import { failWith } from './faults.ts';

type Request<V extends keyof Ec2> = Parameters<Ec2[V]>[0];

export function findInterface(world: FakeWorld, verb: string, id: string): StoredInterface {
  const found = world.interfaces.get(id);
  if (found !== undefined) return found;
  const message = `The networkInterface ID '${id}' does not exist`;
  throw failWith(verb, { code: 'InvalidNetworkInterfaceID.NotFound', message, status: 400 });
}

/** What a caller gets to see of it: a copy. */
export function seen(stored: StoredInterface): Ec2Interface {
  const { settling: _settling, ...rest } = stored;
  return rest;
}

export const invalid = (verb: string, message: string) =>
  failWith(verb, { code: 'InvalidParameterValue', message, status: 400 });

const allocate = (world: FakeWorld, verb: string, subnet: string, count: number): readonly string[] => {
  const addresses = takeAddresses(world, subnet, count);
  if (addresses.length === count) return addresses;
  const message = 'The specified subnet does not have enough free addresses to satisfy the request.';
  throw failWith(verb, { code: 'InsufficientFreeAddressesInSubnet', message, status: 400 });
};

export function createInterface(
  world: FakeWorld,
  quotas: FakeQuotas,
  request: Request<'createInterface'>,
): Ec2Interface {
  const verb = 'CreateNetworkInterface';
  const { clientToken, ...parameters } = request;
  const wanted = JSON.stringify(parameters);
  const before = world.tokens.get(clientToken);
  if (before !== undefined && before.request !== wanted) {
    const message = `The client token '${clientToken}' was used with other parameters.`;
    throw failWith(verb, { code: 'IdempotentParameterMismatch', message, status: 400 });
  }
  if (before !== undefined) return seen(findInterface(world, verb, before.interface));
  const subnet = world.subnets.get(request.subnet);
  if (subnet === undefined) {
    const message = `The subnet ID '${request.subnet}' does not exist`;
    throw failWith(verb, { code: 'InvalidSubnetID.NotFound', message, status: 400 });
  }
  for (const group of request.groups) {
    const found = world.groups.get(group);
    if (found === undefined) {
      const message = `The security group '${group}' does not exist`;
      throw failWith(verb, { code: 'InvalidGroup.NotFound', message, status: 400 });
    }
    if (found.vpc !== subnet.vpc) {
      const message = `Security group ${group} and subnet ${subnet.id} belong to different networks.`;
      throw failWith(verb, { code: 'InvalidParameter', message, status: 400 });
    }
  }
  if (request.groups.length > quotas.groupsPerInterface) {
    const message = 'The maximum number of security groups per interface has been reached.';
    throw failWith(verb, { code: 'SecurityGroupsPerInterfaceLimitExceeded', message, status: 400 });
  }
  const [primaryAddress = '', ...addresses] = allocate(world, verb, subnet.id, 1 + request.secondaryAddresses);
  const made: StoredInterface = {
    id: world.newId('eni'),
    mac: world.newMac(),
    subnet: subnet.id,
    vpc: subnet.vpc,
    status: 'available',
    interfaceType: 'interface',
    groups: [...request.groups],
    primaryAddress,
    addresses,
    prefixes: [],
    tags: { ...request.tags },
    settling: 0,
  };
  world.interfaces.set(made.id, made);
  world.tokens.set(clientToken, { request: wanted, interface: made.id });
  // `pending` is no state of an interface, and yet what this call answers.
  return { ...seen(made), status: 'pending' };
}

/** EC2 caps interfaces without an instance as well; at what number is not published. */
const UNATTACHED_ADDRESSES = 50;

export function assignAddresses(world: FakeWorld, request: Request<'assignAddresses'>): readonly string[] {
  const verb = 'AssignPrivateIpAddresses';
  const target = findInterface(world, verb, request.interface);
  const type = world.instances.get(target.attachment?.instance ?? '')?.type;
  const most = (type === undefined ? undefined : instanceLimits(type)?.addressesPerInterface) ?? UNATTACHED_ADDRESSES;
  if (1 + target.addresses.length + target.prefixes.length + request.count > most) {
    const message = 'Number of private addresses will exceed limit.';
    throw failWith(verb, { code: 'PrivateIpAddressLimitExceeded', message, status: 400 });
  }
  const assigned = allocate(world, verb, target.subnet, request.count);
  target.addresses = [...target.addresses, ...assigned];
  return assigned;
}

export function deleteInterface(world: FakeWorld, id: string): void {
  const target = world.interfaces.get(id);
  if (target === undefined) return;
  if (target.attachment !== undefined)
    throw invalid('DeleteNetworkInterface', `Network interface '${id}' is currently in use.`);
  world.interfaces.delete(id);
}
