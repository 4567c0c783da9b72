import { describe, expect, it } from 'vitest';

import { instanceLimitRows } from '../core/limits/instance-limits.gen.ts';
import { instanceSizeRows } from './instance-sizes.gen.ts';
import { instanceSize } from './instance-sizes.ts';

describe('the size of an instance', () => {
  it('is what EC2 reports of its type', () => {
    expect(instanceSize('m5.large')).toEqual({ vcpus: 2, memoryMib: 8192 });
    expect(instanceSize('t3.nano')).toEqual({ vcpus: 2, memoryMib: 512 });
    expect(instanceSize('r5.metal')).toEqual({ vcpus: 96, memoryMib: 786_432 });
  });

  it('is known for every type whose limits are known', () => {
    expect(Object.keys(instanceLimitRows).filter((type) => !Object.hasOwn(instanceSizeRows, type))).toEqual([]);
  });

  it('is refused for a type that nobody knows', () => {
    expect(() => instanceSize('z9.huge')).toThrow('z9.huge');
    expect(() => instanceSize('toString')).toThrow('toString');
  });
});
