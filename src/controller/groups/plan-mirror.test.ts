import { isDeepStrictEqual } from 'node:util';

import { describe, expect, it } from 'vitest';

import type { Ec2SecurityGroup } from '../../aws/port.ts';
import { planMirror, recordOf, withReferenced } from './plan-mirror.ts';

const group = (id: string, ...peers: readonly string[]): Ec2SecurityGroup => ({
  id,
  vpc: 'vpc-1',
  groupName: `name of ${id}`,
  rules: peers.map((peer) => ({
    id: `sgr-${peer}`,
    direction: 'ingress',
    protocol: '-1',
    peer: { kind: 'group', group: peer },
  })),
});
const plan = (used: readonly string[], known: readonly Ec2SecurityGroup[], recorded: readonly Ec2SecurityGroup[]) => {
  const records = recorded.map(recordOf);
  const { create, replace, unused } = planMirror({ used: new Set(used), known, records, equal: isDeepStrictEqual });
  return {
    create: create.map(({ metadata }) => metadata.name),
    replace: replace.map(({ metadata }) => metadata.name),
    unused,
  };
};

describe('the mirror of groups', () => {
  it('holds the groups in use and those that their rules refer to, and no further ones', () => {
    const known = [group('sg-1', 'sg-2'), group('sg-2', 'sg-3'), group('sg-3')];
    expect([...withReferenced(new Set(['sg-1']), known)]).toEqual(['sg-1', 'sg-2']);
  });

  it('makes what is absent, replaces what has changed and names what nothing uses', () => {
    const known = [group('sg-1'), group('sg-2', 'sg-9'), group('sg-3')];
    expect(plan(['sg-1', 'sg-2'], known, [group('sg-2'), group('sg-3')])).toEqual({
      create: ['sg-1'],
      replace: ['sg-2'],
      unused: ['sg-3'],
    });
  });

  it('has nothing to do where all is as it should be', () => {
    const known = [group('sg-1', 'sg-2')];
    expect(plan(['sg-1'], known, known)).toEqual({ create: [], replace: [], unused: [] });
  });

  it('keeps the last rules of a group in use that EC2 does not show any more', () => {
    expect(plan(['sg-1'], [], [group('sg-1')])).toEqual({ create: [], replace: [], unused: [] });
  });
});
