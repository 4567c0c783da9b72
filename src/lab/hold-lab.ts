/** Makes sure that this process is the only one that runs the lab of a name, and that no ended lab has left anything. */
import { labFolders, labNames, removeStateFolder } from './folders.ts';
import { type Lock, takeLock } from './supervisor/lock.ts';
import { reap } from './supervisor/reap.ts';

export interface HoldOptions {
  readonly name: string;
  /** The clone. */
  readonly root: string;
  readonly say: (text: string) => void;
}

export async function holdLab({ name, root, say }: HoldOptions): Promise<Lock> {
  const holder = { pid: process.pid, root };
  const lock = await takeLock(name, holder);
  if (!('release' in lock)) {
    throw new Error(
      `the lab "${name}" runs already: process ${lock.pid}, started from ${lock.root}; end that one first, with Ctrl-C or \`kill ${lock.pid}\``,
    );
  }
  try {
    await takeLeftoversAway(name, say);
    for (const other of labNames()) {
      if (other === name) continue;
      const otherLock = await takeLock(other, holder);
      if (!('release' in otherLock)) continue;
      try {
        await takeLeftoversAway(other, say);
      } finally {
        await otherLock.release();
      }
    }
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function takeLeftoversAway(name: string, say: (text: string) => void): Promise<void> {
  const folders = labFolders(name);
  const { killed, netns } = await reap(folders);
  removeStateFolder(folders, { keepLogs: false });
  if (killed + netns > 0)
    say(`Took away what the lab "${name}" had left: ${killed} processes, ${netns} network namespaces`);
}
