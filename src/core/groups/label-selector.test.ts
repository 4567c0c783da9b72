import { describe, expect, it } from 'vitest';

import { readSelector, select } from './label-selector.ts';

const expression = (key: string, operator: string, values?: readonly string[]) => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});
const selected = (raw: unknown, labels: Readonly<Record<string, string>> = {}): string => {
  const selector = readSelector(raw, 'podSelector');
  return selector === undefined ? 'no selector' : select(selector, labels).kind;
};

describe('a label selector', () => {
  it('is none where there is none, and selects everything where it is empty', () => {
    expect(selected(undefined)).toBe('no selector');
    expect(selected(null)).toBe('no selector');
    expect(selected({})).toBe('yes');
    expect(selected({ matchLabels: {}, matchExpressions: [] })).toBe('yes');
  });

  it('asks for every label that it names', () => {
    const both = { matchLabels: { app: 'web', 'example.org/tier': '' } };
    expect(selected(both, { app: 'web', 'example.org/tier': '', more: 'x' })).toBe('yes');
    expect(selected(both, { app: 'web' })).toBe('no');
    expect(selected(both, { app: 'db', 'example.org/tier': '' })).toBe('no');
  });

  it.each([
    ['In', ['a', 'b'], { app: 'b' }, 'yes'],
    ['In', ['a', 'b'], { app: 'c' }, 'no'],
    ['In', ['a', 'b'], {}, 'no'],
    ['NotIn', ['a', 'b'], { app: 'c' }, 'yes'],
    ['NotIn', ['a', 'b'], { app: 'a' }, 'no'],
    // As in Kubernetes: who has no such label is not among the values.
    ['NotIn', ['a', 'b'], {}, 'yes'],
    ['Exists', undefined, { app: '' }, 'yes'],
    ['Exists', [], {}, 'no'],
    ['DoesNotExist', undefined, {}, 'yes'],
    ['DoesNotExist', [], { app: 'a' }, 'no'],
  ] as const)('%s %j of %j: %s', (operator, values, labels, outcome) => {
    expect(selected(expression('app', operator, values), labels)).toBe(outcome);
  });

  it('does not take what every object has by nature for a label', () => {
    expect(selected(expression('constructor', 'Exists'))).toBe('no');
    expect(selected(expression('toString', 'DoesNotExist'))).toBe('yes');
  });

  it.each([
    ['podSelector is not an object', 'app=web'],
    ['podSelector.matchLabels is not an object', { matchLabels: ['app'] }],
    ['podSelector.matchLabels: 1 is no value of a label', { matchLabels: { app: 1 } }],
    ['podSelector.matchLabels: "-" is no key of a label', { matchLabels: { '-': 'x' } }],
    ['podSelector.matchLabels: "a b" is no value of a label', { matchLabels: { app: 'a b' } }],
    ['podSelector.matchExpressions is not a list', { matchExpressions: {} }],
    ['podSelector.matchExpressions[0] is not an object', { matchExpressions: [7] }],
    ['podSelector.matchExpressions[0].key is no key of a label', expression('a/b/c', 'Exists')],
    [
      'podSelector.matchExpressions[0].operator is "Equals", not In, NotIn, Exists or DoesNotExist',
      expression('app', 'Equals', ['web']),
    ],
    [
      'podSelector.matchExpressions[0].operator is "toString", not In, NotIn, Exists or DoesNotExist',
      expression('app', 'toString'),
    ],
    ['podSelector.matchExpressions[0]: In needs values', expression('app', 'In', [])],
    ['podSelector.matchExpressions[0]: NotIn needs values', expression('app', 'NotIn')],
    ['podSelector.matchExpressions[0]: Exists takes no values', expression('app', 'Exists', ['web'])],
    ['podSelector.matchExpressions[0].values: "a b" is no value of a label', expression('app', 'In', ['a', 'a b'])],
    [
      'podSelector.matchExpressions[0].values is not a list',
      { matchExpressions: [{ key: 'app', operator: 'In', values: 'web' }] },
    ],
  ])('selects perhaps where %s', (why, raw) => {
    expect(select(readSelector(raw, 'podSelector') ?? [], { app: 'web' })).toEqual({ kind: 'perhaps', why });
  });

  it('selects nobody for certain whom what can be read leaves out', () => {
    const raw = { matchLabels: { app: 'web' }, ...expression('tier', 'Equals', ['1']) };
    expect(selected(raw, { app: 'web' })).toBe('perhaps');
    expect(selected(raw, { app: 'db' })).toBe('no');
  });
});
