import { describe, expect, it } from 'vitest';

import { formatAge, renderTable } from './table.ts';

describe('a table', () => {
  it('is as wide as its widest cells, without blanks at the ends of lines', () => {
    expect(
      renderTable(
        ['A', 'LONG'],
        [
          ['wide cell', ''],
          ['b', 'c'],
        ],
      ),
    ).toBe('A           LONG\nwide cell\nb           c');
  });
});

describe('an age', () => {
  it.each([
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [200_000_000, '2d'],
    [-5, '0s'],
  ])('of %d ms is %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});
