import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { reap } from './reap.ts';
import { readRegistry } from './registry.ts';
import { type Supervisor, createSupervisor } from './supervisor.ts';

describe('the supervisor', () => {
  let folder = '';
  let deaths: string[] = [];
  let supervisor: Supervisor;
  const runDir = (): string => join(folder, 'run');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `brlt-${process.pid}-`));
    deaths = [];
    supervisor = createSupervisor({
      runDir: runDir(),
      logDir: join(folder, 'logs'),
      onDeath: (message) => deaths.push(message),
    });
  });
  afterEach(async () => {
    supervisor.end('the test is over');
    await reap({ runDir: runDir(), stateDir: join(folder, 'state') });
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives the first line of a part that announces, and logs all that it prints', async () => {
    const part = supervisor.start({
      name: 'p',
      argv: ['sh', '-c', 'echo one; echo two; exec sleep 1000'],
      announces: true,
    });
    expect(await part.firstLine).toBe('one');
    expect(readFileSync(join(folder, 'logs', 'p.log'), 'utf8')).toContain('one');
  });

  it('has a part in the registry, with the pid and start time that it runs with', async () => {
    const part = supervisor.start({ name: 'p', argv: ['sh', '-c', 'echo up; exec sleep 1000'], announces: true });
    await part.firstLine;
    const [entry] = readRegistry(runDir()).processes;
    const [, after = ''] = readFileSync(`/proc/${part.pid}/stat`, 'utf8').split(') ');
    expect(entry).toMatchObject({ name: 'p', pid: part.pid, startTime: Number(after.split(' ')[19]) });
  });

  it('says which part died, how, and the end of its log, and lets nobody wait for it', async () => {
    const silent = supervisor.start({ name: 'silent', argv: ['sleep', '1000'], announces: true });
    supervisor.start({ name: 'broken', argv: ['sh', '-c', 'echo no disk >&2; exit 3'] });
    await expect(silent.firstLine).rejects.toThrow(/broken ended with 3; the end of .*broken\.log:\n {2}no disk/);
    expect(deaths).toHaveLength(1);
    expect(supervisor.signal.aborted).toBe(true);
  });

  it('says so when a program does not exist', async () => {
    const part = supervisor.start({ name: 'absent', argv: ['/nowhere/program'], announces: true });
    await expect(part.firstLine).rejects.toThrow(/absent ended with 127[^]*not found/);
  });

  it('takes ends for what they are once all is being taken away, and starts nothing more', async () => {
    const part = supervisor.start({ name: 'p', argv: ['sleep', '1000'], announces: true });
    supervisor.end(new Error('enough'));
    await expect(part.firstLine).rejects.toThrow('enough');
    await reap({ runDir: runDir(), stateDir: join(folder, 'state') });
    expect(deaths).toEqual([]);
    expect(() => supervisor.start({ name: 'late', argv: ['sleep', '1000'] })).toThrow('late is not started any more');
  });
});
