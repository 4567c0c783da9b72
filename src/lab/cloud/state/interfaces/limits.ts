/** How many interfaces and addresses an instance takes, by its type. */
import { type InstanceLimits, instanceLimits } from '../../../../core/limits/instance-limits.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import type { InterfaceEntity } from '../tables.ts';

/** What an interface without an instance takes: EC2's number is not published, this is the largest of any type. */
const UNATTACHED_ADDRESSES = 50;

export function limitsOf(type: string): InstanceLimits {
  const limits = instanceLimits(type);
  if (limits === undefined) {
    throw new Ec2Error('InvalidParameterValue', `Invalid value '${type}' for InstanceType.`);
  }
  return limits;
}

/** Prefixes count as one address each, the primary address counts too. */
export const slotsOf = ({ addresses, prefixes }: InterfaceEntity): number => addresses.length + prefixes.length;

export const slotsOf6 = ({ addresses6 = [], prefixes6 = [] }: InterfaceEntity): number =>
  addresses6.length + prefixes6.length;

/** Each family has the whole limit for itself. */
export const isOver = (entity: InterfaceEntity, limit: number): boolean =>
  slotsOf(entity) > limit || slotsOf6(entity) > limit;

export function mustFitUnattached(entity: InterfaceEntity): void {
  mustBeWithin(entity, UNATTACHED_ADDRESSES);
}

/** Whether the interface with its addresses may be, or stay, on its instance. */
export function mustFitAddresses(view: View, entity: InterfaceEntity, instanceId: string | undefined): void {
  const type = typeOf(view, instanceId);
  if (type === undefined) {
    mustFitUnattached(entity);
    return;
  }
  const limits = limitsOf(type);
  if (entity.prefixes.length + (entity.prefixes6 ?? []).length > 0 && !limits.prefixes) {
    throw new Ec2Error(
      'UnsupportedOperation',
      `The instance type ${type} does not support prefixes on network interfaces.`,
    );
  }
  mustBeWithin(entity, limits.addressesPerInterface);
}

/** Whether so many more addresses or prefixes of IPv6 have room on the interface. */
export function mustFitMore6(view: View, entity: InterfaceEntity, more: number): void {
  const type = typeOf(view, entity.attachment?.instance);
  const limit = type === undefined ? UNATTACHED_ADDRESSES : limitsOf(type).addressesPerInterface;
  if (slotsOf6(entity) + more > limit) throw tooManyAddresses6();
}

const typeOf = (view: View, instance: string | undefined): string | undefined =>
  instance === undefined ? undefined : view.get('instances', instance)?.type;

function mustBeWithin(entity: InterfaceEntity, limit: number): void {
  if (slotsOf(entity) > limit) throw tooManyAddresses();
  if (slotsOf6(entity) > limit) throw tooManyAddresses6();
}

const tooManyAddresses = (): Ec2Error =>
  new Ec2Error('PrivateIpAddressLimitExceeded', 'Number of private addresses will exceed limit.');

const tooManyAddresses6 = (): Ec2Error =>
  new Ec2Error('Ipv6AddressLimitExceeded', 'Number of IPv6 addresses will exceed limit.');
