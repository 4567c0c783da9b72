/** A layer out of the contents of Debian packages, in the layout of a system of today. Pure. */
import type { ReadEntry } from '../read-tar.ts';
import type { TarEntry } from '../tar.ts';

/** What nobody reads in a container, except the licences, which must go along. */
const dropped = [
  /^usr\/share\/(doc-base|info|lintian|linda|locale|man|bug|icons|applications)(\/|$)/,
  /^usr\/share\/doc\/(?!.*\/copyright$)[^/]+\/./,
  /^etc\/(init\.d|cron\.[a-z]+|logrotate\.d|apparmor\.d|ufw)(\/|$)/,
  /^(usr\/)?lib\/(systemd|udev)(\/|$)/,
];

/** Folders that are links into /usr where packages do not know it yet. */
export const mergedFolders = ['bin', 'sbin', 'lib', 'lib64'] as const;

/** Folders first, each once and before what is in it; a later package wins over an earlier one, as with `dpkg`. */
export function debianLayer(contents: readonly ReadEntry[]): readonly TarEntry[] {
  const kept = new Map<string, TarEntry>();
  for (const read of contents) {
    if (dropped.some((pattern) => pattern.test(read.path))) continue;
    const path = mergedPath(read.path);
    const before = kept.get(path);
    if (mergedFolders.some((name) => name === path) || (read.kind === 'folder' && before !== undefined)) continue;
    kept.set(path, entryAt(path, read, kept));
  }
  for (const path of kept.keys())
    for (const parent of parentsOf(path)) if (!kept.has(parent)) kept.set(parent, folderAt(parent));
  return [...kept.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function entryAt(path: string, read: ReadEntry, kept: ReadonlyMap<string, TarEntry>): TarEntry {
  if (read.kind !== 'hardlink') return { ...read, path };
  const target = kept.get(mergedPath(read.target));
  if (target === undefined) throw new Error(`${read.path} is a link to ${read.target}, which does not come before it`);
  return { ...target, path };
}

const mergedPath = (path: string): string => path.replace(/^(s?bin|lib|lib64)(?=\/)/, 'usr/$1');

const folderAt = (path: string): TarEntry => ({ kind: 'folder', path });

/** Outermost first. */
const parentsOf = (path: string): readonly string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, at, parts) => parts.slice(0, at + 1).join('/'));
