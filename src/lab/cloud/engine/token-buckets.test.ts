import { describe, expect, it } from 'vitest';

import { TokenBuckets } from './token-buckets.ts';

const taken = (buckets: TokenBuckets, draw: Parameters<TokenBuckets['take']>[0], nowMs: number): number => {
  let count = 0;
  while (count < 2000 && buckets.take(draw, nowMs)) count++;
  return count;
};
const call = (action: string, more: object = {}) => ({ action, unfiltered: false, instances: 0, ...more });

describe('the token buckets', () => {
  it('have EC2’s sizes and refill every second', () => {
    const buckets = new TokenBuckets();
    expect(taken(buckets, call('AttachNetworkInterface'), 0)).toBe(50);
    expect(taken(buckets, call('AttachNetworkInterface'), 999)).toBe(0);
    expect(taken(buckets, call('AttachNetworkInterface'), 2000)).toBe(10);
    expect(taken(buckets, call('AttachNetworkInterface'), 3_600_000)).toBe(50);
  });

  it('are one for each call', () => {
    const buckets = new TokenBuckets();
    expect(taken(buckets, call('CreateNetworkInterface'), 0)).toBe(100);
    expect(taken(buckets, call('AssignPrivateIpAddresses'), 0)).toBe(100);
    expect(taken(buckets, call('DescribeSubnets'), 0)).toBe(100);
  });

  it('are half as large for a describe that asks for everything', () => {
    const buckets = new TokenBuckets();
    expect(taken(buckets, call('DescribeNetworkInterfaces', { unfiltered: true }), 0)).toBe(50);
    expect(taken(buckets, call('DescribeNetworkInterfaces'), 0)).toBe(100);
  });

  it('count instances too, and an empty one takes nothing from the other', () => {
    const buckets = new TokenBuckets();
    expect(buckets.take(call('RunInstances', { instances: 998 }), 0)).toBe(true);
    expect(buckets.take(call('RunInstances', { instances: 3 }), 0)).toBe(false);
    expect(taken(buckets, call('RunInstances', { instances: 0 }), 0)).toBe(4);
  });
});
