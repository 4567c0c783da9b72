/**
 * Images as a registry serves them, in a folder of the user's cache that outlives every lab:
 *
 *   blobs/sha256/HEX   layers, configs, manifests
 *   layers/KEY.json    which blob a layer recipe became
 *   images/NAME.json   what is known of an image
 *
 *   lock               held by the one process that changes any of it
 *
 * Everything is written beside its place and moved there whole, so that readers need no lock.
 */
import { createHash } from 'node:crypto';
import {
  constants,
  copyFileSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { type Descriptor, mediaTypes, readManifest } from './manifest.ts';

export interface StoredLayer extends Descriptor {
  /** SHA-256 of the layer's tar archive, in hex. */
  readonly diffId: string;
}

export interface ImageRecord {
  /** With registry; of an image that was added also with tag. */
  readonly name: string;
  readonly manifest: Descriptor;
  /** Of all that a node must fetch. */
  readonly size: number;
  /** Of the recipe that it was built from; absent: added by the user. */
  readonly key?: string;
}

export interface ImageStore {
  readonly folder: string;
  blobPath(digest: string): string;
  putBytes(bytes: Uint8Array, mediaType: string): Descriptor;
  putLayer(pieces: Iterable<Uint8Array>, options: { readonly compress: boolean }): Promise<StoredLayer>;
  /** A file that is a blob already. */
  copyFile(path: string, mediaType: string): Promise<Descriptor>;
  layer(key: string): StoredLayer | undefined;
  rememberLayer(key: string, layer: StoredLayer): void;
  image(name: string): ImageRecord | undefined;
  images(): readonly ImageRecord[];
  rememberImage(record: ImageRecord): void;
  forgetImage(name: string): void;
  /** Takes away every blob and layer that no image has, and what interrupted work has left. */
  prune(): void;
}

export function openStore(folder: string): ImageStore {
  for (const part of ['blobs/sha256', 'layers', 'images', 'scratch'])
    mkdirSync(join(folder, part), { recursive: true });
  let parts = 0;
  const scratch = (): string => join(folder, 'scratch', `${process.pid}.${++parts}`);
  const blobPath = (digest: string): string => join(folder, 'blobs/sha256', digest.replace(/^sha256:/, ''));
  const recordPath = (kind: 'layers' | 'images', name: string): string =>
    join(folder, kind, `${encodeURIComponent(name)}.json`);
  const put = (path: string, bytes: Uint8Array | string): void => {
    const part = scratch();
    writeFileSync(part, bytes);
    renameSync(part, path);
  };
  return {
    folder,
    blobPath,
    putBytes(bytes, mediaType) {
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      put(blobPath(digest), bytes);
      return { mediaType, digest, size: bytes.length };
    },
    async putLayer(pieces, { compress }) {
      const part = scratch();
      const [plain, packed] = [createHash('sha256'), createHash('sha256')];
      let size = 0;
      await pipeline(
        Readable.from(tapped(pieces, (piece) => plain.update(piece))),
        // The wire is this machine's loopback: little effort is best.
        compress ? createGzip({ level: 1 }) : new PassThrough(),
        async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            packed.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        },
        createWriteStream(part),
      );
      const digest = `sha256:${packed.digest('hex')}`;
      renameSync(part, blobPath(digest));
      const mediaType = compress ? mediaTypes.gzipLayer : mediaTypes.layer;
      return { mediaType, digest, size, diffId: plain.digest('hex') };
    },
    async copyFile(path, mediaType) {
      const part = scratch();
      copyFileSync(path, part, constants.COPYFILE_FICLONE);
      const digest = `sha256:${await sha256OfFile(part)}`;
      renameSync(part, blobPath(digest));
      return { mediaType, digest, size: statSync(blobPath(digest)).size };
    },
    layer: (key) => readJson(recordPath('layers', key)) as StoredLayer | undefined,
    rememberLayer: (key, layer) => put(recordPath('layers', key), JSON.stringify(layer)),
    image: (name) => readJson(recordPath('images', name)) as ImageRecord | undefined,
    images: () =>
      readdirSync(join(folder, 'images'))
        .toSorted()
        .flatMap((file) => (readJson(join(folder, 'images', file)) as ImageRecord | undefined) ?? []),
    rememberImage: (record) => put(recordPath('images', record.name), JSON.stringify(record)),
    forgetImage: (name) => rmSync(recordPath('images', name), { force: true }),
    prune: () => prune(folder),
  };
}

function prune(folder: string): void {
  const files = (kind: string): readonly string[] =>
    readdirSync(join(folder, kind)).map((file) => join(folder, kind, file));
  const used = new Set<string>();
  const use = (digest: string): void => {
    const hex = digest.replace(/^sha256:/, '');
    if (used.has(hex)) return;
    used.add(hex);
    const { config, layers = [], manifests = [] } = readManifest(join(folder, 'blobs/sha256', hex));
    for (const each of [...(config === undefined ? [] : [config]), ...layers])
      used.add(each.digest.replace(/^sha256:/, ''));
    for (const each of manifests) use(each.digest);
  };
  for (const file of files('images')) use((readJson(file) as ImageRecord | undefined)?.manifest.digest ?? '');
  for (const file of files('blobs/sha256')) if (!used.has(basename(file))) rmSync(file);
  for (const file of files('layers')) {
    if (!used.has((readJson(file) as StoredLayer | undefined)?.digest.replace(/^sha256:/, '') ?? '')) rmSync(file);
  }
  for (const file of files('scratch')) rmSync(file, { recursive: true });
}

function* tapped(pieces: Iterable<Uint8Array>, tap: (piece: Uint8Array) => void): Generator<Uint8Array> {
  for (const piece of pieces) {
    // An empty piece would end a stream of bytes.
    if (piece.length === 0) continue;
    tap(piece);
    yield piece;
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
