import { describe, expect, it } from 'vitest';

import { summarise, type TestReport } from './summary.ts';

type Result = TestReport['testResults'][number];
const test = (status: string, title: string, ...ancestorTitles: readonly string[]) => ({
  ancestorTitles,
  title,
  status,
});
const file = (name: string, assertionResults: Result['assertionResults'], status = 'passed'): Result => ({
  name: `/repo/src/${name}`,
  status,
  assertionResults,
});
const summary = (testResults: readonly Result[], ok = true) =>
  summarise({ report: { testResults }, ok, root: '/repo' });

describe('the summary of the tests', () => {
  it('counts what passed and failed', () => {
    const results = [test('passed', 'a'), test('passed', 'b'), test('failed', 'c')];
    expect(summary([file('x.test.ts', results, 'failed')], false)).toEqual({
      skipped: [],
      line: '2 passed, 1 failed',
    });
  });

  it('names what did not run, a group of which none ran once', () => {
    const results = [
      test('pending', 'one', 'the kernel (needs root)'),
      test('skipped', 'two', 'the kernel (needs root)', 'links'),
      test('skipped', 'VLANs (this kernel has none)'),
      test('passed', 'three'),
      test('passed', 'four', 'packets'),
      test('pending', 'five (no portmap)', 'packets'),
    ];
    expect(summary([file('x.test.ts', results)])).toEqual({
      skipped: [
        'src/x.test.ts: the kernel (needs root) (2 tests)',
        'src/x.test.ts: VLANs (this kernel has none)',
        'src/x.test.ts: five (no portmap)',
      ],
      line: '2 passed, 0 failed, 4 skipped',
    });
  });

  it('counts a file that could not be loaded, and a run that ended badly, as failures', () => {
    expect(summary([file('x.test.ts', [], 'failed'), file('y.test.ts', [test('passed', 'a')])], false).line).toBe(
      '1 passed, 1 failed',
    );
    expect(summary([file('y.test.ts', [test('passed', 'a')])], false).line).toBe('1 passed, 1 failed');
    expect(summarise({ report: undefined, ok: false, root: '/repo' }).line).toBe('0 passed, 1 failed');
  });
});
