import { describe, expect, it } from 'vitest';

import { createExposition } from './exposition.ts';

describe('the text for Prometheus', () => {
  it('has of each metric its help, its type and its values', () => {
    const exposition = createExposition();
    const all = exposition.counter({ name: 'all', help: 'All' });
    const some = exposition.counter({ name: 'some', help: 'Some\nof a\\b', labels: ['code'] });
    exposition.gauge({ name: 'known', help: 'Known' }, () => 1.5);
    exposition.gauge({ name: 'unknown', help: 'Unknown' }, () => undefined);
    exposition.gauge({ name: 'each', help: 'Each', labels: ['eni'] }, () => [{ labels: { eni: 'eni-1' }, value: 2 }]);
    all();
    all();
    some({ code: 'a "quoted"\\\n' });
    expect(exposition.text()).toBe(
      [
        '# HELP all All',
        '# TYPE all counter',
        'all 2',
        String.raw`# HELP some Some\nof a\\b`,
        '# TYPE some counter',
        String.raw`some{code="a \"quoted\"\\\n"} 1`,
        '# HELP known Known',
        '# TYPE known gauge',
        'known 1.5',
        '# HELP unknown Unknown',
        '# TYPE unknown gauge',
        '# HELP each Each',
        '# TYPE each gauge',
        'each{eni="eni-1"} 2',
        '',
      ].join('\n'),
    );
  });

  it('counts in a histogram each value in all buckets that hold it', () => {
    const exposition = createExposition();
    const observe = exposition.histogram({ name: 'took', help: 'Seconds', labels: ['of'] }, [0.1, 1]);
    for (const seconds of [0.1, 0.5, 2]) observe(seconds, { of: 'ADD' });
    expect(exposition.text().split('\n').slice(2, -1)).toEqual([
      'took_bucket{of="ADD",le="0.1"} 1',
      'took_bucket{of="ADD",le="1"} 2',
      'took_bucket{of="ADD",le="+Inf"} 3',
      'took_sum{of="ADD"} 2.6',
      'took_count{of="ADD"} 3',
    ]);
  });

  it('shows a counter without labels before it has counted anything', () => {
    const exposition = createExposition();
    exposition.counter({ name: 'all', help: 'All' });
    expect(exposition.text()).toContain('all 0\n');
  });
});
