/** Questions about an interface that EC2 shows. */
import { ipv4 } from '../address/ipv4.ts';
import { containsAddress, prefix4 } from '../address/prefix.ts';
import { setKey } from '../groups/set-key.ts';
import { ec2Tags } from '../names.ts';
import type { NodeSnapshot, ObservedInterface } from './snapshot.ts';

/**
 * Made by us for a set on this instance: whatever else is there is not ours to touch. We make no trunk and no branch,
 * whatever tags somebody gives one.
 */
export const isOurs = ({ tags, interfaceType }: ObservedInterface, instance: string): boolean =>
  tags[ec2Tags.instance] === instance &&
  tags[ec2Tags.set] !== undefined &&
  interfaceType !== 'trunk' &&
  interfaceType !== 'branch';

/** Which set an interface serves: what EC2 enforces counts, not what the tag says. */
export const servedSet = ({ groups }: ObservedInterface): string => setKey(groups);

export const isOn = ({ attachment }: ObservedInterface, instance: string): boolean =>
  attachment?.instance === instance && (attachment.status === 'attached' || attachment.status === 'attaching');

/** On its way off: it still takes a slot, but serves nobody. */
export const isLeaving = ({ attachment }: ObservedInterface): boolean => attachment?.status === 'detaching';

export const holds = ({ addresses, prefixes }: ObservedInterface, address: string): boolean =>
  addresses.includes(address) || prefixes.some((prefix) => containsAddress(prefix4(prefix), ipv4(address)));

/** Attached nowhere, so that it can be attached or deleted. */
export const isLoose = ({ attachment }: ObservedInterface): boolean =>
  attachment === undefined || attachment.status === 'detached';

interface Instance {
  readonly interfaces: readonly ObservedInterface[];
  readonly instance: { readonly id: string };
}

export const primaryOf = ({ interfaces, instance }: Instance): ObservedInterface | undefined =>
  interfaces.find(
    ({ attachment }) => attachment?.instance === instance.id && attachment.deviceIndex === 0 && attachment.card === 0,
  );

/** Addresses that pods may get on one interface: all but its primary one. */
export const podAddressesPerInterface = ({ addressesPerInterface }: NodeSnapshot['limits']): number =>
  Math.max(0, addressesPerInterface - 1);

/** A delegated prefix takes one slot of the limit. */
export const takenAddressSlots = ({ addresses, prefixes }: ObservedInterface): number =>
  addresses.length + prefixes.length;

/** Interfaces that the first card takes, the primary one included; further cards are for other traffic than pods'. */
export const slots = ({ interfacesByCard: [first = 1] }: NodeSnapshot['limits']): number => first;

/** Device indexes of the first card that nothing is attached at, lowest first. */
export function freeDeviceIndexes({ interfaces, instance, limits }: NodeSnapshot): number[] {
  const taken = new Set<number>();
  for (const observed of interfaces) {
    const { attachment } = observed;
    if (attachment?.instance === instance.id && attachment.card === 0 && !isLoose(observed)) {
      taken.add(attachment.deviceIndex);
    }
  }
  const count = slots(limits);
  const free = Array.from({ length: count }, (_, index) => index).filter((index) => !taken.has(index));
  // Somebody may have chosen an index beyond the count by hand: EC2 limits the count as well.
  return free.slice(0, Math.max(0, count - taken.size));
}
