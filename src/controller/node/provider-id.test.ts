import { describe, expect, it } from 'vitest';

import { instanceOf } from './provider-id.ts';

describe('the instance of a node', () => {
  it('is what its provider id ends in', () => {
    expect(instanceOf('aws:///us-west-2a/i-0123456789abcdef0')).toBe('i-0123456789abcdef0');
    expect(instanceOf('aws:///us-gov-west-1b/i-01234567')).toBe('i-01234567');
  });

  it.each([
    undefined,
    '',
    'i-0123456789abcdef0',
    'aws:///us-west-2a/fargate-ip-10-0-0-1',
    'aws:///us-west-2a/i-0123',
    'gce://project/zone/i-0123456789abcdef0',
    'aws:///us-west-2a/i-0123456789abcdef0/more',
  ])('is not guessed from %s', (providerId) => {
    expect(instanceOf(providerId)).toMatchObject({ code: 'provider-id-invalid' });
  });
});
