import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { gatherLines } from './gather-lines.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('writes the lines of a moment together, each once, and nothing when there are none', () => {
  const kept: string[] = [];
  const written: string[] = [];
  const output = gatherLines({
    write: (line) => kept.push(line),
    flush: () => void written.push(kept.splice(0).join('')),
  });
  output.write('a\n');
  output.write('b\n');
  expect(written).toEqual([]);
  vi.advanceTimersByTime(50);
  expect(written).toEqual(['a\nb\n']);
  output.write('c\n');
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['a\nb\n', 'c\n']);
});
