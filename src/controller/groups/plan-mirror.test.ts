import { isDeepStrictEqual } from 'node:util';

import { describe, expect, it } from 'vitest';

import type { Ec2SecurityGroup } from '../../aws/port.ts';
import type { ListEntries } from './prefix-lists.ts';
import { type EntriesOf, listsOf, planMirror, recordOf, withReferenced } from './plan-mirror.ts';

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
const noLists: EntriesOf = () => 'unread';
const plan = (used: readonly string[], known: readonly Ec2SecurityGroup[], recorded: readonly Ec2SecurityGroup[]) => {
  const records = recorded.map((each) => recordOf(each, noLists));
  const { create, replace, unused } = planMirror({
    used: new Set(used),
    known,
    records,
    entriesOf: noLists,
    equal: isDeepStrictEqual,
  });
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

  it('carries the entries of the prefix lists that rules name: as read, or as they were while EC2 does not tell', () => {
    const byList: Ec2SecurityGroup = {
      ...group('sg-1'),
      rules: ['pl-1', 'pl-2', 'pl-1'].map((prefixList, index) => ({
        id: `sgr-${index}`,
        direction: 'ingress',
        protocol: '-1',
        peer: { kind: 'prefixList', prefixList },
      })),
    };
    expect(listsOf(byList)).toEqual(['pl-1', 'pl-2']);
    const told: Record<string, ListEntries> = { 'pl-1': ['10.0.0.0/8'] };
    const entriesOf: EntriesOf = (list) => told[list] ?? 'unread';
    const first = recordOf(byList, entriesOf);
    expect(first.spec.prefixLists).toEqual({ 'pl-1': ['10.0.0.0/8'] });
    told['pl-1'] = 'unread';
    told['pl-2'] = [];
    const second = recordOf(byList, entriesOf, first);
    expect(second.spec.prefixLists).toEqual({ 'pl-1': ['10.0.0.0/8'], 'pl-2': [] });
    told['pl-1'] = told['pl-2'] = 'gone';
    expect(recordOf(byList, entriesOf, second).spec).not.toHaveProperty('prefixLists');
  });

  it('keeps the last rules of a group in use that EC2 does not show any more', () => {
    expect(plan(['sg-1'], [], [group('sg-1')])).toEqual({ create: [], replace: [], unused: [] });
  });
});
