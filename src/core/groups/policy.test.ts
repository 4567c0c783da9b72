import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { defectsOf, means, readPolicy } from './policy.ts';

const WEB = 'sg-0000000000000000b';
const DB = 'sg-0000000000000000c';
const policy = (spec: unknown, namespace = 'default') => readPolicy({ metadata: { name: 'one', namespace }, spec });
const groups = (...groupIds: readonly unknown[]) => ({ securityGroups: { groupIds } });
const meant = (
  spec: unknown,
  labels: Readonly<Record<string, string>> = {},
  serviceAccountLabels: Readonly<Record<string, string>> | undefined = {},
): string => means(policy(spec), { namespace: 'default', labels, serviceAccountLabels }).kind;

describe('whom a policy means', () => {
  const web = { matchLabels: { app: 'web' } };
  const team = { matchLabels: { team: 'a' } };

  it('is whom its selector selects, of pods or of their service accounts', () => {
    expect(meant({ podSelector: web }, { app: 'web' })).toBe('yes');
    expect(meant({ podSelector: web }, { app: 'db' }, { app: 'web' })).toBe('no');
    expect(meant({ serviceAccountSelector: team }, {}, { team: 'a' })).toBe('yes');
    expect(meant({ serviceAccountSelector: team }, { team: 'a' }, {})).toBe('no');
  });

  it('is whom both select where there are two', () => {
    const both = { podSelector: web, serviceAccountSelector: team };
    expect(meant(both, { app: 'web' }, { team: 'a' })).toBe('yes');
    expect(meant(both, { app: 'web' }, {})).toBe('no');
    expect(meant(both, {}, { team: 'a' })).toBe('no');
  });

  it('is everybody of its namespace where a selector is empty, and nobody where there is none', () => {
    expect(meant({ podSelector: {} })).toBe('yes');
    expect(meant({ serviceAccountSelector: {} })).toBe('yes');
    expect(meant({ podSelector: null })).toBe('no');
    expect(meant(undefined)).toBe('no');
    const subject = { namespace: 'other', labels: {}, serviceAccountLabels: {} };
    expect(means(policy({ podSelector: {} }), subject).kind).toBe('no');
  });

  it('hangs on a service account that nobody has seen only where the pod itself is meant', () => {
    const one = policy({ podSelector: web, serviceAccountSelector: {} });
    const subject = { namespace: 'default', serviceAccountLabels: undefined };
    expect(means(one, { ...subject, labels: { app: 'web' } }).kind).toBe('unseen');
    expect(means(one, { ...subject, labels: {} }).kind).toBe('no');
    expect(means(policy({ podSelector: web }), { ...subject, labels: { app: 'web' } }).kind).toBe('yes');
  });

  it('is perhaps everybody whom what can be read of it leaves', () => {
    const broken = { matchExpressions: [{ key: 'team', operator: 'Is' }] };
    expect(meant({ podSelector: web, serviceAccountSelector: broken }, { app: 'web' })).toBe('perhaps');
    expect(meant({ podSelector: web, serviceAccountSelector: broken }, {})).toBe('no');
    expect(meant({ podSelector: broken, serviceAccountSelector: team }, {}, { team: 'a' })).toBe('perhaps');
    expect(meant('everybody')).toBe('perhaps');
  });
});

describe('a policy', () => {
  it('names each group once, in its order', () => {
    expect(policy(groups(DB, WEB, DB))).toMatchObject({ groupIds: [DB, WEB] });
    expect(defectsOf(policy({ podSelector: {}, ...groups(WEB) }))).toEqual([]);
  });

  it('tells what is wrong with it', () => {
    expect(defectsOf(policy({ podSelector: { matchLabels: 1 } }))).toEqual([
      'podSelector.matchLabels is not an object',
      'securityGroups.groupIds names no group',
    ]);
    expect(defectsOf(policy(groups(WEB, 'web')))).toEqual([
      'securityGroups.groupIds: "web" is no id of a security group',
    ]);
    expect(defectsOf(policy({ securityGroups: null }))).toEqual(['securityGroups.groupIds names no group']);
  });

  it('is read whatever stands in it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (podSelector, serviceAccountSelector, groupIds) => {
        const one = policy({ podSelector, serviceAccountSelector, securityGroups: { groupIds } });
        means(one, { namespace: 'default', labels: {}, serviceAccountLabels: undefined });
        return one.groupIds.length > 0 || one.defect !== undefined;
      }),
    );
    fc.assert(fc.property(fc.jsonValue(), (spec) => defectsOf(policy(spec)).length > 0));
  });
});
