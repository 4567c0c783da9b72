/** Makes sure that this process is the only one that runs the lab of a name, and that no ended lab has left anything. */
import { CodedError } from '../core/errors/coded-error.ts';
import { labFolders, labNames, removeStateFolder } from './folders.ts';
import { type Lock, takeLock } from './supervisor/lock.ts';
import { type Reaped, reap } from './supervisor/reap.ts';

export interface HoldOptions {
  readonly name: string;
  /** The clone. */
  readonly root: string;
  readonly say: (text: string) => void;
}

/** @throws lab-running */
export async function holdLab({ name, root, say }: HoldOptions): Promise<Lock> {
  const lock = await takeLock(name, { pid: process.pid, root });
  if (!('release' in lock)) {
    throw new CodedError('lab-running', { detail: `"${name}", process ${lock.pid}, started from ${lock.root}` });
  }
  try {
    for (const left of await reapEnded({ root, held: name })) {
      if (left.state !== 'reaped' || left.killed + left.netns === 0) continue;
      say(`Took away what the lab "${left.name}" had left: ${left.killed} processes, ${left.netns} network namespaces`);
    }
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

export type EndedLab =
  | ({ readonly name: string; readonly state: 'reaped' } & Reaped)
  /** It is not ours to take away. */
  | { readonly name: string; readonly state: 'running'; readonly pid: number; readonly root: string };

/** Takes away what is left of every lab on this machine that no process runs, and tells which ones run. */
export async function reapEnded(options: {
  readonly root: string;
  /** The one whose lock the caller has: also ended. */
  readonly held?: string;
}): Promise<readonly EndedLab[]> {
  const { root, held } = options;
  const found: EndedLab[] = [];
  for (const name of new Set([...(held === undefined ? [] : [held]), ...labNames()])) {
    const lock = name === held ? undefined : await takeLock(name, { pid: process.pid, root });
    if (lock !== undefined && !('release' in lock)) {
      found.push({ name, state: 'running', ...lock });
      continue;
    }
    try {
      const folders = labFolders(name);
      const reaped = await reap(folders);
      removeStateFolder(folders, { keepLogs: false });
      found.push({ name, state: 'reaped', ...reaped });
    } finally {
      await lock?.release();
    }
  }
  return found;
}
