import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runBound } from './run-bound.ts';

describe('a bound program', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `brlt-${process.pid}-`));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Starts another and writes both pids. */
  const family = (): string => `sleep 1000 & echo "$$ $!" >${folder}/new; mv ${folder}/new ${folder}/pids; wait`;
  const pids = (): readonly number[] =>
    existsSync(join(folder, 'pids')) ? readFileSync(join(folder, 'pids'), 'utf8').split(' ').map(Number) : [];
  const runs = (pid: number): boolean => {
    try {
      return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  };

  it('gives what it has printed, line by line too, and its exit status', async () => {
    const lines: string[] = [];
    const result = await runBound('sh', ['-c', 'echo out; echo one >&2; echo two >&2; exit 7'], {
      cwd: folder,
      env: { PATH: process.env['PATH'] },
      onErrorLine: (line) => lines.push(line),
    });
    expect(result).toEqual({ stdout: 'out\n', stderr: 'one\ntwo', code: 7 });
    expect(lines).toEqual(['one', 'two']);
  });

  it('ends with what it has started when it is told to', async () => {
    const ending = new AbortController();
    const running = runBound('sh', ['-c', family()], { signal: ending.signal });
    await expect.poll(pids).toHaveLength(2);
    ending.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect.poll(() => pids().filter(runs)).toEqual([]);
    await expect(runBound('true', [], { signal: ending.signal })).rejects.toThrow('enough');
  });

  it('ends with what it has started when we are killed', async () => {
    const main = `import(${JSON.stringify(join(import.meta.dirname, 'run-bound.ts'))}).then(({ runBound }) =>
      runBound('sh', ['-c', ${JSON.stringify(family())}]))`;
    const parent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', main], { stdio: 'ignore' });
    await expect.poll(pids, { timeout: 20_000 }).toHaveLength(2);
    expect(pids().filter(runs)).toHaveLength(2);
    parent.kill('SIGKILL');
    await expect.poll(() => pids().filter(runs)).toEqual([]);
  });
});
