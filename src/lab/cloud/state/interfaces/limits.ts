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

export function mustFitUnattached(entity: InterfaceEntity): void {
  if (slotsOf(entity) > UNATTACHED_ADDRESSES) throw tooManyAddresses();
}

/** Whether the interface with its addresses may be, or stay, on its instance. */
export function mustFitAddresses(view: View, entity: InterfaceEntity, instanceId: string | undefined): void {
  const instance = instanceId === undefined ? undefined : view.get('instances', instanceId);
  if (instance === undefined) {
    mustFitUnattached(entity);
    return;
  }
  const limits = limitsOf(instance.type);
  if (entity.prefixes.length > 0 && !limits.prefixes) {
    throw new Ec2Error(
      'UnsupportedOperation',
      `The instance type ${instance.type} does not support prefixes on network interfaces.`,
    );
  }
  if (slotsOf(entity) > limits.addressesPerInterface) throw tooManyAddresses();
}

const tooManyAddresses = (): Ec2Error =>
  new Ec2Error('PrivateIpAddressLimitExceeded', 'Number of private addresses will exceed limit.');
