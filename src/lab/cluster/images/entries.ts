/** Parts of a root filesystem, as entries of a layer. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { TarEntry } from './tar.ts';

export const folder = (path: string, mode = 0o755): TarEntry => ({ kind: 'folder', path, mode });
export const link = (path: string, target: string): TarEntry => ({ kind: 'link', path, target });
export const text = (path: string, content: string): TarEntry => bytes(path, Buffer.from(content), 0o644);
export const bytes = (path: string, content: Uint8Array, mode: number): TarEntry => ({
  kind: 'file',
  path,
  mode,
  content: [content],
});

/** A file of this machine; with links followed. */
export const copied = (path: string, source: string): TarEntry =>
  bytes(path, readFileSync(source), statSync(source).mode & 0o111 ? 0o755 : 0o644);

/** A folder of this machine with all that is in it, but what is named in `without`. */
export function copiedTree(path: string, source: string, without: readonly string[] = []): readonly TarEntry[] {
  const inside = readdirSync(source, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [
    folder(path),
    ...inside
      .filter(({ name }) => !without.includes(name))
      .flatMap((entry) => {
        const [to, from] = [`${path}/${entry.name}`, join(source, entry.name)];
        return entry.isDirectory() ? copiedTree(to, from) : [copied(to, from)];
      }),
  ];
}

/** Files put over others of the same paths. */
export function overlay(files: readonly TarEntry[], over: readonly TarEntry[]): readonly TarEntry[] {
  const covered = new Set(over.map(({ path }) => path));
  return [...files.filter(({ path }) => !covered.has(path)), ...over];
}

/** The same, as another user's: files that are written while the container runs. */
export const ownedBy = (id: number, entry: TarEntry): TarEntry => ({ ...entry, owner: { uid: id, gid: id } });

/** What an ELF file needs to be loaded, the loader included, as paths of this machine. */
export function libraryClosure(files: readonly string[]): readonly string[] {
  const listing = execFileSync('ldd', files, { encoding: 'utf8' });
  const found = [...listing.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path);
  const missing = /^\s+(\S+) => not found/m.exec(listing)?.[1];
  if (missing !== undefined) throw new Error(`${missing} is not installed`);
  return [...new Set(found)].toSorted();
}

/** A shared library by its name, wherever the loader finds it. */
export function findLibrary(name: string): string {
  const cache = execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  const path = cache
    .split('\n')
    .map((line) => / => (\/\S+)$/.exec(line)?.[1] ?? '')
    .find((candidate) => basename(candidate) === name && existsSync(candidate));
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}
