/** Debian's packages as files: looked up and downloaded by apt, unpacked by dpkg-deb, and nothing is installed. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type ReadEntry, readTar } from '../read-tar.ts';
import { packageClosure } from './package-closure.ts';

const execute = promisify(execFile);
const LARGEST_PACKAGE = 1 << 30;

export interface PackageQuery {
  readonly roots: readonly string[];
  readonly without?: readonly string[];
}

/** Names of the roots and of all that they need; fetches apt's lists where the machine has none. */
export async function resolvePackages({ roots, without = [] }: PackageQuery): Promise<readonly string[]> {
  const dependenciesOnly = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
  const args = ['depends', '--recurse', ...dependenciesOnly.map((kind) => `--no-${kind}`), ...roots];
  const closure = async (): Promise<readonly string[]> => {
    const { stdout } = await execute('apt-cache', args, { maxBuffer: LARGEST_PACKAGE });
    return packageClosure({ listing: stdout, roots, without });
  };
  return withFreshLists(closure);
}

/** What is in the packages, one package after the other. */
export async function packageContents(names: readonly string[]): Promise<readonly ReadEntry[]> {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-packages-'));
  try {
    const sandbox = ['-o', 'APT::Sandbox::User=root'];
    await withFreshLists(() => execute('apt-get', [...sandbox, 'download', ...names], { cwd: folder }));
    const entries: ReadEntry[] = [];
    for (const file of readdirSync(folder).toSorted()) {
      const { stdout } = await execute('dpkg-deb', ['--fsys-tarfile', join(folder, file)], {
        encoding: 'buffer',
        maxBuffer: LARGEST_PACKAGE,
      });
      entries.push(...readTar(stdout));
    }
    return entries;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The machine's lists may be absent, or older than what the mirror still has. */
async function withFreshLists<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    await execute('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', 'update']);
    return work();
  }
}
