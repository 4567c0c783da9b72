import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { takeLock } from './lock.ts';

const name = `brlt-${process.pid}`;

describe('takeLock', () => {
  it('names the holder to whoever comes second', async () => {
    const lock = await takeLock(name, { pid: 1234, root: '/clone' });
    expect(await takeLock(name, { pid: 1, root: '/other' })).toEqual({ pid: 1234, root: '/clone' });
    if ('release' in lock) await lock.release();
  });

  it('is free again after release, and other names were never taken', async () => {
    for (let round = 0; round < 2; round++) {
      const lock = await takeLock(name, { pid: 1, root: '/clone' });
      const other = await takeLock(`${name}-other`, { pid: 1, root: '/clone' });
      expect([lock, other].every((taken) => 'release' in taken)).toBe(true);
      for (const taken of [lock, other]) if ('release' in taken) await taken.release();
    }
  });

  it('is given up with a holder that was killed', async () => {
    const program = `
      import { takeLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
      await takeLock(${JSON.stringify(name)}, { pid: process.pid, root: '/killed' });
      console.log('held');
      setInterval(() => undefined, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(await takeLock(name, { pid: 1, root: '/clone' })).toEqual({ pid: holder.pid, root: '/killed' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = await takeLock(name, { pid: 1, root: '/clone' });
    expect('release' in lock).toBe(true);
    if ('release' in lock) await lock.release();
  });
});
