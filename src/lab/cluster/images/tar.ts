/**
 * A tar archive as pieces of bytes: ustar, in the order given and dated 1970, so that the same content is the same
 * archive.
 */
export type TarEntry = { readonly path: string; /** Default: root. */ readonly owner?: Owner } & (
  | /** The content in pieces, so that an archive can hold archives without copying them. */
    { readonly kind: 'file'; readonly mode: number; readonly content: readonly Uint8Array[] }
  /** Default mode: 0755. */
  | { readonly kind: 'folder'; readonly mode?: number }
  | { readonly kind: 'link'; readonly target: string }
);

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const BLOCK = 512;
const typeFlags = { file: '0', link: '2', folder: '5' } as const;

/** Paths are relative; folders come before what is in them. */
export function tarPieces(entries: readonly TarEntry[]): readonly Uint8Array[] {
  const pieces = entries.flatMap((entry) => {
    const size = sizeOf(entry);
    const content = entry.kind === 'file' ? entry.content : [];
    return [header(entry, size), ...content, Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)];
  });
  return [...pieces, Buffer.alloc(2 * BLOCK)];
}

const sizeOf = (entry: TarEntry): number =>
  entry.kind === 'file' ? entry.content.reduce((sum, { length }) => sum + length, 0) : 0;

function header(entry: TarEntry, size: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitPath(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  const octal = (value: number, offset: number, digits: number): void =>
    void block.write(value.toString(8).padStart(digits, '0'), offset);
  block.write(name, 0);
  octal(entry.kind === 'link' ? 0o777 : (entry.mode ?? 0o755), 100, 7);
  octal(entry.owner?.uid ?? 0, 108, 7);
  octal(entry.owner?.gid ?? 0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write(typeFlags[entry.kind], 156);
  if (entry.kind === 'link') block.write(entry.target, 157);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  // The checksum counts its own field as spaces.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  octal(sum, 148, 6);
  block[154] = 0;
  return block;
}

/** Names beyond 100 bytes are split at a slash; beyond 255 the format ends. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  const at = path.indexOf('/', path.length - 101);
  if (at < 0 || at > 155) throw new Error(`too long for a tar archive: ${path}`);
  return { name: path.slice(at + 1), prefix: path.slice(0, at) };
}
