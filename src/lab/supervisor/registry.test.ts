import { describe, expect, it } from 'vitest';

import { parseStat } from './registry.ts';

const stat = (command: string, state = 'S'): string =>
  `4242 (${command}) ${state} 1 4242 4242 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 987654 0 0`;

describe('parseStat', () => {
  it('reads state and start time whatever the program calls itself', () => {
    for (const command of ['sh', 'a b', ') S 1 2', '(x)']) {
      expect(parseStat(stat(command))).toEqual({ pid: 4242, state: 'S', startTime: 987_654 });
    }
  });

  it('takes half a text for none', () => {
    expect(parseStat('')).toBeUndefined();
    expect(parseStat('4242 (sh')).toBeUndefined();
    expect(parseStat('4242 (sh) S 1 2')).toBeUndefined();
  });
});
