/** Changes a store by `main.ts`, under its lock. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { CodedError, describeError } from '../../../../core/errors/coded-error.ts';
import type { ImageRecord } from '../store.ts';

export type StoreChange =
  | { readonly verb: 'build'; readonly name: string; readonly kubernetes?: string }
  | { readonly verb: 'add'; readonly archive: string; readonly name?: string }
  | { readonly verb: 'remove'; readonly name: string };

/**
 * @returns the images that the change has made, once no other change runs and this one is done.
 * @throws lab-image
 */
export async function runChange(folder: string, change: StoreChange): Promise<readonly ImageRecord[]> {
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch, { recursive: true });
  // Neither a lock nor a download outlives us: the kernel ends the one with its process, and this one with its parent.
  const underLock = ['--pdeathsig', 'KILL', 'flock', '--no-fork', join(folder, 'lock')];
  const program = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'main.ts')];
  const args = [...underLock, ...program, folder, change.verb, ...argumentsOf(change)];
  try {
    const { stdout } = await promisify(execFile)('setpriv', args, {
      maxBuffer: 1 << 26,
      // What a change leaves that is killed, the next one takes away.
      env: { ...process.env, TMPDIR: scratch },
    });
    return JSON.parse(stdout) as readonly ImageRecord[];
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    throw new CodedError('lab-image', { detail: stderr.trim() || describeError(error), cause: error });
  }
}

function argumentsOf(change: StoreChange): readonly string[] {
  const optional = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);
  switch (change.verb) {
    case 'build':
      return [change.name, ...optional(change.kubernetes)];
    case 'add':
      return [change.archive, ...optional(change.name)];
    case 'remove':
      return [change.name];
  }
}
