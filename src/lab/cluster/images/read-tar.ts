/** Reads a tar archive that is in memory: ustar with GNU's and POSIX's ways of writing long names, as in Debian packages. */
import type { TarEntry } from './tar.ts';

const BLOCK = 512;

/** What an archive may hold beyond {@link TarEntry}: `target` is the path of an earlier file of the same archive. */
export type ReadEntry = TarEntry | { readonly kind: 'hardlink'; readonly path: string; readonly target: string };

/** Paths come without a leading `./` and a trailing slash; the archive's own root (`./`) and devices are left out. */
export function readTar(archive: Uint8Array): readonly ReadEntry[] {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries: ReadEntry[] = [];
  let longer: LongNames = {};
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0;) {
    const header = bytes.subarray(at, at + BLOCK);
    const size = octal(header, 124, 12);
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) throw new Error('the tar archive is cut off');
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    const more = longNames(type, content);
    if (more === undefined) {
      const entry = entryOf(type, header, content, longer);
      if (entry !== undefined) entries.push(entry);
      longer = {};
    } else {
      longer = { ...longer, ...more };
    }
  }
  return entries;
}

interface LongNames {
  readonly path?: string;
  readonly target?: string;
}

/** undefined: an entry of its own and no forerunner of one. */
function longNames(type: string, content: Buffer): LongNames | undefined {
  switch (type) {
    case 'L':
      return { path: cString(content) };
    case 'K':
      return { target: cString(content) };
    case 'x': {
      const records = new Map(
        [...content.toString('utf8').matchAll(/\d+ ([^=]+)=(.*)\n/g)].map(([, key, value]) => [key, value]),
      );
      const [path, target] = [records.get('path'), records.get('linkpath')];
      return { ...(path === undefined ? {} : { path }), ...(target === undefined ? {} : { target }) };
    }
    case 'g':
      return {};
    default:
      return undefined;
  }
}

function entryOf(type: string, header: Buffer, content: Buffer, longer: LongNames): ReadEntry | undefined {
  const prefix = cString(header.subarray(345, 500));
  const name = cString(header.subarray(0, 100));
  // GNU's archives have other things in the place of ustar's prefix.
  const isUstar = header.subarray(257, 263).toString('latin1') === 'ustar\0';
  const path = plain(longer.path ?? (isUstar && prefix !== '' ? `${prefix}/${name}` : name));
  if (path === '') return undefined;
  const target = longer.target ?? cString(header.subarray(157, 257));
  const mode = octal(header, 100, 8) & 0o7777;
  const [uid, gid] = [octal(header, 108, 8), octal(header, 116, 8)];
  const where = { path, ...(uid === 0 && gid === 0 ? {} : { owner: { uid, gid } }) };
  switch (type) {
    case '\0':
    case '0':
      return { ...where, kind: 'file', mode, content: [content] };
    case '1':
      return { path, kind: 'hardlink', target: plain(target) };
    case '2':
      return { ...where, kind: 'link', target };
    case '5':
      return { ...where, kind: 'folder', mode };
    default:
      return undefined;
  }
}

const plain = (path: string): string =>
  path
    .replace(/^(\.?\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');

const cString = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
};

const octal = (header: Buffer, offset: number, length: number): number =>
  Number.parseInt(cString(header.subarray(offset, offset + length)).trim() || '0', 8);
