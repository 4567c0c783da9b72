import { describe, expect, it } from 'vitest';

import { SECURITY_GROUPS_ANNOTATION } from '../names.ts';
import { isGroupId } from './group-id.ts';
import { type MatchInput, matchGroups, resolveGroups } from './match.ts';
import { readPolicy } from './policy.ts';

const plain = { namespace: 'default', labels: {}, annotations: {}, hostNetwork: false };
const input = ({ pod, ...more }: Partial<Omit<MatchInput, 'pod'>> & { pod?: Partial<MatchInput['pod']> } = {}) => ({
  podGroupsEnabled: true,
  policies: [],
  serviceAccount: { annotations: {}, labels: {} },
  pod: { ...plain, ...pod },
  ...more,
});
const asks = (text: string) => ({ annotations: { [SECURITY_GROUPS_ANNOTATION]: text } });
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
    expect(matchGroups(input({ pod: asks(' web, sg-12345678 ,web') }))).toEqual({
      kind: 'groups',
      requested: ['web', 'sg-12345678'],
      from: 'pod',
    });
  });

  it('takes what the service account asks for where the pod does not ask', () => {
    const serviceAccount = asks('web');
    expect(matchGroups(input({ serviceAccount }))).toMatchObject({ from: 'serviceAccount', requested: ['web'] });
    expect(matchGroups(input({ serviceAccount, pod: asks('db') }))).toMatchObject({ from: 'pod', requested: ['db'] });
  });

  it('leaves pods of the host’s network with the node’s groups, whatever anybody asks for', () => {
    const pod = { hostNetwork: true, ...asks('web') };
    expect(matchGroups(input({ pod, policies: [policy('all', { podSelector: {} })] }))).toEqual({ kind: 'node' });
  });

  it.each(['', ' ', ',', 'web,', 'web,,db'])('refuses the malformed list %j', (text) => {
    expect(refusal(input({ pod: asks(text) }))?.code).toBe('groups-annotation-malformed');
  });

  it('refuses more groups than an interface takes', () => {
    const list = (count: number) => Array.from({ length: count }, (_, index) => `group-${index}`).join(',');
    expect(refusal(input({ pod: asks(list(16)) }))).toBeUndefined();
    const error = refusal(input({ pod: asks(list(17)) }));
    expect(error?.code).toBe('groups-too-many');
    expect(error?.detail).toMatch(/^17 groups .* an interface takes at most 16$/);
  });

  it('refuses a pod that asks while the switch is off, and does not give it the node’s groups', () => {
    const error = refusal(input({ podGroupsEnabled: false, pod: asks('web') }));
    expect(error?.code).toBe('pod-groups-disabled');
    expect(error?.message).toContain('ENABLE_POD_ENI: "true"');
    const policies = [policy('all', { podSelector: {} })];
    expect(refusal(input({ podGroupsEnabled: false, policies }))?.detail).toBe(
      `SecurityGroupPolicy default/all gives it ${WEB}`,
    );
  });
});

const WEB = 'sg-0000000000000000b';
const DB = 'sg-0000000000000000c';
const policy = (name: string, selectors: object, groupIds: readonly string[] = [WEB], namespace = 'default') =>
  readPolicy({ metadata: { name, namespace }, spec: { ...selectors, securityGroups: { groupIds } } });
const web = { podSelector: { matchLabels: { app: 'web' } } };
const webPod = { labels: { app: 'web' } };

describe('policies', () => {
  it('give the pods that they mean their groups, merged, whatever the order in which they come', () => {
    const policies = [policy('b', web, [DB]), policy('a', { podSelector: {} }), policy('c', web, [WEB])];
    const expected = { kind: 'groups', requested: [WEB, DB], from: 'policy' };
    expect(matchGroups(input({ policies, pod: webPod }))).toEqual(expected);
    expect(matchGroups(input({ policies: policies.toReversed(), pod: webPod }))).toEqual(expected);
  });

  it('leave pods that they do not mean to annotations', () => {
    const policies = [policy('web', web), policy('elsewhere', { podSelector: {} }, [DB], 'other')];
    expect(matchGroups(input({ policies }))).toEqual({ kind: 'node' });
    expect(matchGroups(input({ policies, pod: asks('db') }))).toMatchObject({ from: 'pod', requested: ['db'] });
  });

  it('come before what the service account asks for', () => {
    expect(matchGroups(input({ policies: [policy('web', web)], pod: webPod, serviceAccount: asks('db') }))).toEqual({
      kind: 'groups',
      requested: [WEB],
      from: 'policy',
    });
  });

  it('refuse an annotation that asks for anything else, and not one that says the same', () => {
    const policies = [policy('web', web, [WEB, DB])];
    const annotated = (text: string) => input({ policies, pod: { ...webPod, ...asks(text) } });
    for (const text of [WEB, `${WEB},${DB},sg-12345678`, 'web', '']) {
      expect(refusal(annotated(text))?.code, text).toBe('annotation-against-policy');
    }
    expect(refusal(annotated('db'))?.message).toMatch(
      /SecurityGroupPolicy default\/web gives it .*remove the annotation/,
    );
    expect(matchGroups(annotated(` ${DB} , ${WEB}`))).toMatchObject({ from: 'policy', requested: [WEB, DB] });
  });

  it('may give together no more groups than an interface takes', () => {
    const ids = (from: number) => Array.from({ length: 10 }, (_, index) => `sg-000000${from + index}`);
    const policies = [policy('a', web, ids(10)), policy('b', web, ids(16))];
    expect(refusal(input({ policies, pod: webPod }))).toBeUndefined();
    const error = refusal(input({ policies: [...policies, policy('c', web, ['sg-00000099'])], pod: webPod }));
    expect(error?.code).toBe('groups-too-many');
    expect(error?.detail).toContain('SecurityGroupPolicy default/c');
  });

  it('that cannot be read refuse the pods that they may mean, and no others', () => {
    const broken = { podSelector: { ...web.podSelector, matchExpressions: [{ key: 'tier', operator: 'Is' }] } };
    for (const one of [policy('x', broken), policy('x', web, []), policy('x', web, ['web'])]) {
      const policies = [policy('a', web), one];
      const error = refusal(input({ policies, pod: webPod }));
      expect(error?.code).toBe('policy-invalid');
      expect(error?.detail).toMatch(/^SecurityGroupPolicy default\/x: /);
      expect(matchGroups(input({ policies }))).toEqual({ kind: 'node' });
    }
  });

  it('that ask about a service account which nobody has seen refuse, and do not pass the pod over', () => {
    const policies = [policy('x', { ...web, serviceAccountSelector: {} })];
    const serviceAccount = { annotations: {} };
    expect(refusal(input({ policies, pod: webPod, serviceAccount }))?.code).toBe('service-account-unknown');
    expect(matchGroups(input({ policies, serviceAccount }))).toEqual({ kind: 'node' });
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
