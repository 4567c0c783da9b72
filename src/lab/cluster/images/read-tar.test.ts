import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { bytes, folder, link, ownedBy, text } from './entries.ts';
import { readTar } from './read-tar.ts';
import { type TarEntry, tarPieces } from './tar.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'brl-read-tar-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

const contentOf = (entry: ReturnType<typeof readTar>[number] | undefined): string =>
  entry?.kind === 'file' ? Buffer.concat(entry.content).toString() : '';

describe('reading a tar archive', () => {
  it('gives back what was written, with owners and modes', () => {
    const entries: readonly TarEntry[] = [
      folder('bin'),
      bytes('bin/tool', Buffer.alloc(1000, 7), 0o4755),
      link('bin/alias', 'tool'),
      folder('tmp', 0o1777),
      ownedBy(999, folder('data', 0o700)),
      ownedBy(999, text(`${'d'.repeat(60)}/${'e'.repeat(60)}`, 'deep')),
    ];
    expect(readTar(Buffer.concat(tarPieces(entries)))).toEqual(entries);
  });

  it.each(['gnu', 'pax'])('takes long names, hard links and links as %s tar writes them', (format) => {
    const long = `${'a'.repeat(90)}/${'b'.repeat(90)}`;
    mkdirSync(join(scratch, 'a'.repeat(90)));
    writeFileSync(join(scratch, long), 'content');
    linkSync(join(scratch, long), join(scratch, 'z-hard'));
    symlinkSync(`/${'t'.repeat(150)}`, join(scratch, 'z-link'));
    const args = ['--create', '--file', '-', `--format=${format}`, '--sort=name', '-C', scratch, '.'];
    const entries = readTar(execFileSync('tar', args));
    expect(contentOf(entries.find(({ path }) => path === long))).toBe('content');
    expect(entries.find(({ path }) => path === 'z-hard')).toMatchObject({ kind: 'hardlink', target: long });
    expect(entries.find(({ path }) => path === 'z-link')).toMatchObject({ target: `/${'t'.repeat(150)}` });
    expect(entries.map(({ path }) => path)).not.toContain('');
  });

  it('refuses an archive that is cut off', () => {
    const archive = Buffer.concat(tarPieces([bytes('file', Buffer.alloc(5000), 0o644)]));
    expect(() => readTar(archive.subarray(0, 2000))).toThrow('cut off');
  });
});
