import { describe, expect, it } from 'vitest';

import { codeOf, ec2CodeOf, toCodedError } from './ec2-error.ts';

/** As the SDK throws what EC2 answers. */
const answered = (name: string, message: string, httpStatusCode: number): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

describe('EC2’s answers as our codes', () => {
  it.each([
    ['RequestLimitExceeded', 'Request limit exceeded.', 503, 'ec2-throttled'],
    ['UnauthorizedOperation', 'You are not authorized to perform this operation.', 403, 'ec2-unauthorized'],
    ['AuthFailure', 'AWS was not able to validate the provided access credentials', 401, 'ec2-credentials-refused'],
    ['AuthFailure', 'You do not have permission to access the specified resource.', 400, 'ec2-unauthorized'],
    ['InvalidNetworkInterfaceID.NotFound', "The networkInterface ID 'eni-1' does not exist", 400, 'ec2-not-found'],
    ['InvalidParameterValue', "Network interface 'eni-1' is currently in use.", 400, 'ec2-busy'],
    ['InvalidParameterValue', "Instance 'i-1' already has an interface attached at device index '1'.", 400, 'ec2-busy'],
    ['InvalidParameterValue', "There aren't sufficient free Ipv4 addresses or prefixes", 400, 'subnet-full'],
    ['InvalidParameterValue', 'Value (x) for parameter y is invalid.', 400, 'ec2-refused'],
    ['InsufficientFreeAddressesInSubnet', 'The specified subnet does not have enough …', 400, 'subnet-full'],
    ['InsufficientCidrBlocks', 'The specified subnet does not have enough free cidr blocks …', 400, 'subnet-full'],
    ['AttachmentLimitExceeded', 'Interface count 4 exceeds the limit for t3.small', 400, 'interface-slots-exhausted'],
    ['PrivateIpAddressLimitExceeded', 'Number of private addresses will exceed limit.', 400, 'ec2-limit-reached'],
    ['SecurityGroupsPerInterfaceLimitExceeded', 'The maximum number of …', 400, 'groups-too-many'],
    ['IdempotentParameterMismatch', '…', 400, 'ec2-token-mismatch'],
    ['InternalError', 'An internal error has occurred', 500, 'ec2-failed'],
    ['Unavailable', '…', 503, 'ec2-failed'],
    ['InvalidAction', 'The action X is not valid for this web service.', 400, 'ec2-refused'],
  ] as const)('%s, "%s" (%i) is %s', (code, message, status, expected) => {
    const error = toCodedError('Call', answered(code, message, status));
    expect(error.code).toBe(expected);
    expect(error.detail).toBe(`${code}: ${message} (Call)`);
    expect(ec2CodeOf(error)).toBe(code);
  });

  it('takes the lack of any answer for a way that is cut', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
      code: 'ECONNREFUSED',
      $metadata: {},
    });
    expect(toCodedError('Call', refused)).toMatchObject({
      code: 'ec2-unreachable',
      detail: 'ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1 (Call)',
    });
    expect(codeOf({ code: 'TimeoutError', message: 'timed out' })).toBe('ec2-unreachable');
  });

  it('passes on what has a code already', () => {
    const error = toCodedError('Call', answered('InternalError', '', 500));
    expect(toCodedError('Other', error)).toBe(error);
  });

  it('tells that there are no credentials', () => {
    const error = Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    });
    expect(toCodedError('Call', error).code).toBe('ec2-credentials-refused');
  });
});
