import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { announcedCommand, clearRegistry, parseStat } from './registry.ts';
import { run } from './run.ts';

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

describe('an announced command', () => {
  it('does not run where the registry has gone meanwhile: nothing would ever find it', async () => {
    const runDir = mkdtempSync(join(tmpdir(), `brlt-${process.pid}-`));
    try {
      const [program = '', ...args] = announcedCommand(runDir, { name: 'p', argv: ['echo', 'runs'] });
      expect(await run(program, args)).toMatchObject({ code: 0, stdout: 'runs\n' });
      clearRegistry(runDir);
      expect(await run(program, args)).toMatchObject({ code: 1, stdout: '' });
    } finally {
      rmSync(runDir, { recursive: true, force: true });
    }
  });
});
