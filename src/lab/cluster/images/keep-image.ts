/** A lab's own name for a tar of the cache: another lab that starts may drop the cache's name for a newer one. */
import { copyFileSync, linkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

/** @returns the tar's path in `folder`; undefined where the cache has no such tar (any more). */
export function keepImage(cached: string, folder: string): string | undefined {
  const kept = join(folder, basename(cached));
  try {
    rmSync(kept, { force: true });
    linkOrCopy(cached, kept);
    return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    // Another file system.
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(from, to);
  }
}
