/** How calls ask for addresses: by number or by name, of single ones or of prefixes. */
import { Ec2Error } from '../ec2-error.ts';

/** Counts and lists of addresses and of prefixes exclude each other. */
export function mustBeOneWay(ways: readonly (readonly [string, boolean])[]): void {
  const [first, second] = ways.filter(([, given]) => given).map(([name]) => name);
  if (first !== undefined && second !== undefined) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      `The parameter ${first} cannot be used with the parameter ${second}`,
    );
  }
}

export function readCount(count: number | undefined, parameter: string): number {
  if (count === undefined) return 0;
  if (!Number.isInteger(count) || count < 0 || count > 1024) {
    throw new Ec2Error('InvalidParameterValue', `Value (${count}) for parameter ${parameter} is invalid.`);
  }
  return count;
}
