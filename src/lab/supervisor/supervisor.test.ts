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
  const sleeper = { name: 'p', argv: ['sh', '-c', 'echo up; exec sleep 1000'], announces: true };

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
    const part = supervisor.start(sleeper);
    await part.firstLine;
    const [entry] = readRegistry(runDir()).processes;
    const [, after = ''] = readFileSync(`/proc/${part.pid}/stat`, 'utf8').split(') ');
    expect(entry).toMatchObject({ name: 'p', pid: part.pid, startTime: Number(after.split(' ')[19]) });
  });

  it('says which part died, how, and the end of its log, and lets nobody wait for it', async () => {
    const script = 'read -r line; echo no disk >&2; exit 3';
    const part = supervisor.start({ name: 'broken', argv: ['sh', '-c', script], announces: true });
    await expect(part.firstLine).rejects.toThrow(/broken ended with 3; the end of .*broken\.log:\n {2}no disk/);
    expect(deaths).toHaveLength(1);
    expect(part.signal.aborted).toBe(true);
    expect(supervisor.parts()).toMatchObject([{ name: 'broken', state: 'dead', end: 'ended with 3' }]);
  });

  it('says so when a program does not exist', async () => {
    const part = supervisor.start({ name: 'absent', argv: ['/nowhere/program'], announces: true });
    await expect(part.firstLine).rejects.toThrow(/absent ended with 127[^]*not found/);
  });

  it('leaves no part that was started in the very moment of the end, and is not in the registry yet', async () => {
    const { pid } = supervisor.start({ name: 'p', argv: ['sleep', '1000'] });
    supervisor.end(new Error('enough'));
    await reap({ runDir: runDir(), stateDir: join(folder, 'state') });
    await expect.poll(() => supervisor.parts()).toMatchObject([{ name: 'p', pid, state: 'dead' }]);
    expect(deaths).toEqual([]);
  });

  it('takes ends for what they are once all is being taken away, and starts nothing more', async () => {
    const part = supervisor.start({ name: 'p', argv: ['sleep', '1000'], announces: true });
    // What is not in the registry yet is not found by `reap`.
    await expect.poll(() => readRegistry(runDir()).processes).toHaveLength(1);
    supervisor.end(new Error('enough'));
    await expect(part.firstLine).rejects.toThrow('enough');
    await reap({ runDir: runDir(), stateDir: join(folder, 'state') });
    expect(deaths).toEqual([]);
    expect(() => supervisor.start({ name: 'late', argv: ['sleep', '1000'] })).toThrow('late is not started any more');
  });

  it('kills a part on purpose without an alarm, and starts it again by an argv worked out anew', async () => {
    let starts = 0;
    const argv = (): readonly string[] => ['sh', '-c', `echo ${++starts}; exec sleep 1000`];
    expect(await supervisor.start({ name: 'p', argv, announces: true }).firstLine).toBe('1');
    await supervisor.kill('p');
    expect(deaths).toEqual([]);
    expect(supervisor.parts()).toMatchObject([{ name: 'p', state: 'dead', end: 'was ended by SIGKILL' }]);
    await supervisor.startAgain('p');
    expect(readFileSync(join(folder, 'logs', 'p.log'), 'utf8')).toBe('1\n2\n');
    expect(supervisor.parts()).toMatchObject([{ name: 'p', state: 'running' }]);
  });

  it('lets a part stand still, and go on', async () => {
    const { pid, firstLine } = supervisor.start(sleeper);
    await firstLine;
    const isStopped = (): boolean => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    supervisor.pause('p');
    await expect.poll(isStopped).toBe(true);
    expect(supervisor.parts()).toMatchObject([{ state: 'paused' }]);
    supervisor.resume('p');
    await expect.poll(isStopped).toBe(false);
    expect(supervisor.parts()).toMatchObject([{ state: 'running' }]);
  });

  it('refuses what does not fit the state of a part, and parts that it has not', async () => {
    await supervisor.start(sleeper).firstLine;
    expect(() => supervisor.resume('p')).toThrow(expect.objectContaining({ code: 'lab-part-state' }));
    await expect(supervisor.startAgain('p')).rejects.toMatchObject({ code: 'lab-part-state' });
    await expect(supervisor.kill('q')).rejects.toMatchObject({ code: 'lab-part-unknown' });
  });

  it('shows no part that only holds namespaces, and none that it was told to forget', async () => {
    const holder = supervisor.start({ ...sleeper, name: 'holder', hidden: true });
    await Promise.all([holder.firstLine, supervisor.start(sleeper).firstLine]);
    expect(supervisor.parts().map(({ name }) => name)).toEqual(['p']);
    supervisor.forget((name) => name === 'p');
    expect(supervisor.parts()).toEqual([]);
  });
});
