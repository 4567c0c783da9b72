/** The range and the router of an interface's subnet, as records have them. */
import { formatIpv4 } from '../address/ipv4.ts';
import { addressAt, formatPrefix4, parsePrefix4Loosely } from '../address/prefix.ts';
import { CodedError } from '../errors/coded-error.ts';
import type { ObservedInterface, ObservedSubnet } from './snapshot.ts';

/** ec2-answer-invalid where EC2 shows an interface in a subnet that it does not list, which one that is new may be. */
export function subnetOf(
  { id, subnet }: Pick<ObservedInterface, 'id' | 'subnet'>,
  subnets: readonly ObservedSubnet[],
): { readonly subnet: string; readonly gateway: string } | CodedError {
  const cidr = parsePrefix4Loosely(subnets.find((known) => known.id === subnet)?.cidr ?? '');
  if (!cidr.ok) {
    return new CodedError('ec2-answer-invalid', { detail: `the subnet ${subnet} of ${id} is not among the VPC’s` });
  }
  // The router of every subnet is its second address.
  return { subnet: formatPrefix4(cidr.value), gateway: formatIpv4(addressAt(cidr.value, 1)) };
}
