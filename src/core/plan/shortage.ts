/** Which pods of a set wait in vain, and why. */
import { CodedError } from '../errors/coded-error.ts';
import { podAddressesPerInterface, slots } from './observed.ts';
import type { PodProblem } from './place-pods.ts';
import type { NodeSnapshot, PodFact } from './snapshot.ts';

export interface ShortageInput {
  readonly snapshot: Pick<NodeSnapshot, 'instance' | 'limits' | 'subnets'>;
  readonly pods: readonly PodFact[];
  /** Addresses that the pods have or will have when the plan is carried out. */
  readonly capacity: number;
  readonly interfaces: number;
  readonly lacksSlot: boolean;
  /** The subnet that lacks addresses, where it is not the instance that lacks slots. */
  readonly home: string;
}

export function shortage(input: ShortageInput): readonly PodProblem[] {
  const waiting = input.pods.filter(({ address }) => address === undefined);
  const left = Math.max(0, input.capacity - (input.pods.length - waiting.length));
  if (waiting.length <= left) return [];
  const error = cause(input);
  return waiting.slice(left).map(({ uid }) => ({ uid, error }));
}

function cause({ snapshot: { instance, limits, subnets }, interfaces, lacksSlot, home }: ShortageInput): CodedError {
  const perInterface = podAddressesPerInterface(limits);
  if (lacksSlot && interfaces === 0) {
    const detail = `${instance.type} takes ${slots(limits)} interfaces`;
    return new CodedError('interface-slots-exhausted', { detail });
  }
  if (lacksSlot || perInterface === 0) {
    const detail = `${instance.type} takes ${slots(limits)} interfaces with ${perInterface} addresses for pods each`;
    return new CodedError('addresses-exhausted', { detail });
  }
  const free = subnets.find(({ id }) => id === home)?.freeAddresses ?? 0;
  return new CodedError('subnet-full', { detail: `${home} has ${free} free addresses` });
}
