import { describe, expect, it } from 'vitest';

import { SECURITY_GROUPS_ANNOTATION } from '../names.ts';
import { type MatchInput, isGroupId, matchGroups, resolveGroups } from './match.ts';

const input = (more: Partial<MatchInput> = {}): MatchInput => ({
  podGroupsEnabled: true,
  podAnnotations: {},
  hostNetwork: false,
  serviceAccountAnnotations: {},
  ...more,
});
const asks = (text: string) => ({ [SECURITY_GROUPS_ANNOTATION]: text });
const refusal = (given: MatchInput) => {
  const request = matchGroups(given);
  return request.kind === 'refused' ? request.error : undefined;
};

describe('the matcher', () => {
  it('gives a pod that asks for nothing the node’s groups', () => {
    expect(matchGroups(input())).toEqual({ kind: 'node' });
    expect(matchGroups(input({ podGroupsEnabled: false }))).toEqual({ kind: 'node' });
  });

  it('takes what the pod asks for, in its order, each once, without the blanks around commas', () => {
    expect(matchGroups(input({ podAnnotations: asks(' web, sg-12345678 ,web') }))).toEqual({
      kind: 'groups',
      requested: ['web', 'sg-12345678'],
      from: 'pod',
    });
  });

  it('takes what the service account asks for where the pod does not ask', () => {
    const serviceAccountAnnotations = asks('web');
    expect(matchGroups(input({ serviceAccountAnnotations }))).toMatchObject({
      from: 'serviceAccount',
      requested: ['web'],
    });
    expect(matchGroups(input({ serviceAccountAnnotations, podAnnotations: asks('db') }))).toMatchObject({
      from: 'pod',
      requested: ['db'],
    });
  });

  it('leaves pods of the host’s network with the node’s groups, whatever they ask for', () => {
    expect(matchGroups(input({ hostNetwork: true, podAnnotations: asks('web') }))).toEqual({ kind: 'node' });
  });

  it.each(['', ' ', ',', 'web,', 'web,,db'])('refuses the malformed list %j', (text) => {
    expect(refusal(input({ podAnnotations: asks(text) }))?.code).toBe('groups-annotation-malformed');
  });

  it('refuses more groups than an interface takes', () => {
    const list = (count: number) => Array.from({ length: count }, (_, index) => `group-${index}`).join(',');
    expect(refusal(input({ podAnnotations: asks(list(16)) }))).toBeUndefined();
    const error = refusal(input({ podAnnotations: asks(list(17)) }));
    expect(error).toMatchObject({ code: 'groups-too-many', detail: '17 groups, an interface takes at most 16' });
  });

  it('refuses a pod that asks while the switch is off, and does not give it the node’s groups', () => {
    const error = refusal(input({ podGroupsEnabled: false, podAnnotations: asks('web') }));
    expect(error?.code).toBe('pod-groups-disabled');
    expect(error?.message).toContain('ENABLE_POD_ENI: "true"');
  });
});

describe('a group’s id', () => {
  it.each(['sg-12345678', 'sg-0123456789abcdef0'])('is %s', (value) => expect(isGroupId(value)).toBe(true));
  it.each(['sg-web', 'sg-1234567', 'sg-123456789', 'sg-0123456789ABCDEF0', 'sg-0123456789abcdef01', 'web', ''])(
    'is not %j',
    (value) => expect(isGroupId(value)).toBe(false),
  );
});

describe('resolving names', () => {
  const known = [
    { id: 'sg-00000001', nameTag: 'web', groupName: 'eks-web' },
    { id: 'sg-00000002', groupName: 'web' },
    { id: 'sg-00000003', nameTag: 'twice', groupName: 'a' },
    { id: 'sg-00000004', nameTag: 'twice', groupName: 'b' },
    { id: 'sg-00000005', groupName: 'sg-00000001x' },
  ];

  it('prefers a Name tag to a group name, and sorts', () => {
    expect(resolveGroups(['sg-00000005', 'web', 'b'], known)).toEqual(['sg-00000001', 'sg-00000004', 'sg-00000005']);
  });

  it('names a group once that is asked for twice', () => {
    expect(resolveGroups(['web', 'sg-00000001', 'eks-web'], known)).toEqual(['sg-00000001']);
  });

  it('takes an id by its form: a group named like an unknown id does not answer to it', () => {
    const named = [...known, { id: 'sg-00000006', nameTag: 'sg-99999999', groupName: 'c' }];
    expect(resolveGroups(['sg-99999999'], named)).toMatchObject({ code: 'group-unknown', detail: 'sg-99999999' });
  });

  it('refuses a name that nobody or that several bear', () => {
    expect(resolveGroups(['nobody'], known)).toMatchObject({
      code: 'group-unknown',
      detail: 'nothing in this VPC is named "nobody"',
    });
    expect(resolveGroups(['web', 'twice'], known)).toMatchObject({
      code: 'group-ambiguous',
      detail: '"twice" may be sg-00000003 or sg-00000004',
    });
  });
});
