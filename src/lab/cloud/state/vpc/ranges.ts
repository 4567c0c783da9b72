/** CIDR blocks as EC2 takes them: bits beyond the length are cleared, sizes from /16 to /28. */
import { type Prefix4, formatPrefix4, parsePrefix4Loosely } from '../../../../core/address/prefix.ts';
import { Ec2Error } from '../ec2-error.ts';

export function readCidr(text: string, options: { readonly parameter: string; readonly outOfRange: string }): Prefix4 {
  const parsed = parsePrefix4Loosely(text);
  if (!parsed.ok) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value (${text}) for parameter ${options.parameter} is invalid. This is not a valid CIDR block.`,
    );
  }
  const { length } = parsed.value;
  if (length < 16 || length > 28) {
    throw new Ec2Error(options.outOfRange, `The CIDR '${formatPrefix4(parsed.value)}' is invalid.`);
  }
  return parsed.value;
}
