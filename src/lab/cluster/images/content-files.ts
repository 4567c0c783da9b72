/** The files of ours that go into an image as they stand in `content/`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { copied, folder } from './entries.ts';
import type { TarEntry } from './tar.ts';

/** @param name folder of `content/`, laid out like the root of the image. */
export function contentFiles(name: string): readonly TarEntry[] {
  const root = join(import.meta.dirname, 'content', name);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, source: join(entry.parentPath, entry.name) }))
    .toSorted((a, b) => (a.source < b.source ? -1 : 1))
    .map(({ entry, source }) => {
      const path = source.slice(root.length + 1);
      return entry.isDirectory() ? folder(path) : copied(path, source);
    });
}

/** For a layer's `inputs`. */
export const textsOf = (entries: readonly TarEntry[]): readonly string[] =>
  entries.flatMap((entry) => [
    entry.path,
    ...(entry.kind === 'file' ? entry.content.map((piece) => Buffer.from(piece).toString('utf8')) : []),
  ]);
