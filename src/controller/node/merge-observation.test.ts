import { describe, expect, it } from 'vitest';

import type { ObservedInterface } from '../../core/plan/snapshot.ts';
import { LAG_MS, mergeObservation } from './merge-observation.ts';

const base: ObservedInterface = {
  id: 'eni-1',
  mac: '02:00:00:00:00:01',
  subnet: 'subnet-1',
  status: 'available',
  interfaceType: 'interface',
  groups: ['sg-1'],
  primaryAddress: '10.0.0.4',
  addresses: ['10.0.0.5'],
  prefixes: [],
  tags: {},
};
const at = (status: string, deleteOnTermination = false): ObservedInterface => ({
  ...base,
  attachment: { id: 'attach-1', instance: 'i-1', deviceIndex: 1, card: 0, status, deleteOnTermination },
});
const merge = (described: readonly ObservedInterface[], ours: ObservedInterface | undefined, ageMs = 0) =>
  mergeObservation({ described, own: new Map([['eni-1', { interface: ours, atMs: 0 }]]), nowMs: ageMs });

describe('an observation', () => {
  it('shows what we have just made, attached or filled, although EC2 does not yet', () => {
    expect(merge([], base)).toEqual([base]);
    expect(merge([base], at('attaching'))).toEqual([at('attaching')]);
    expect(merge([base], { ...base, addresses: ['10.0.0.6'] })[0]?.addresses).toEqual(['10.0.0.5', '10.0.0.6']);
    expect(merge([at('attached')], at('attached', true))).toEqual([at('attached', true)]);
  });

  it('does not show what we have just deleted, nor as attached what we have just detached', () => {
    expect(merge([base], undefined)).toEqual([]);
    expect(merge([at('attached')], at('detaching'))).toEqual([at('detaching')]);
  });

  it('shows the end of an attachment’s coming and going as EC2 tells it', () => {
    expect(merge([at('attached')], at('attaching'))).toEqual([at('attached')]);
    expect(merge([base], at('detaching'))).toEqual([base]);
  });

  it('believes EC2 alone once it has had its time', () => {
    expect(merge([], base, LAG_MS)).toEqual([]);
    expect(merge([base], undefined, LAG_MS)).toEqual([base]);
    expect(merge([base], at('attaching'), LAG_MS)).toEqual([base]);
  });
});
