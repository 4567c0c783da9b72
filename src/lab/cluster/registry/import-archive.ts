/** Takes images out of what `docker save`, `podman save`, `skopeo copy` and `ctr images export` write. */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  closeSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { promisify } from 'node:util';

import { imageArchitecture } from '../images/image.ts';
import {
  type Descriptor,
  type Manifest,
  type PlatformDescriptor,
  mediaTypes,
  readManifest,
  renderManifest,
} from './manifest.ts';
import { formatReference, parseReference } from './reference.ts';
import type { ImageRecord, ImageStore } from './store.ts';

export interface ImportOptions {
  /** A docker-archive or an OCI layout as tar, compressed or not. */
  readonly archive: string;
  /** For an archive that names no image, or to give its one image another name. */
  readonly name?: string;
}

/** A file that the image needs, and where the archive's folder has it. */
interface Found {
  readonly names: readonly string[];
  readonly config: string;
  readonly layers: readonly string[];
}

export async function importArchive(
  store: ImageStore,
  { archive, name }: ImportOptions,
): Promise<readonly ImageRecord[]> {
  if (!existsSync(archive)) throw new Error(`there is no file ${archive}`);
  const folder = mkdtempSync(join(store.folder, 'scratch', 'archive-'));
  try {
    await unpack(archive, folder);
    const inside = (path: string): string => insideOf(folder, path);
    const images = existsSync(join(folder, 'manifest.json')) ? dockerImages(inside) : ociImages(inside);
    const records: ImageRecord[] = [];
    for (const image of images) {
      const names = name === undefined ? image.names : [name];
      if (names.length === 0) throw new Error(`${archive} does not say what its image is called: give it a name`);
      if (name !== undefined && images.length > 1)
        throw new Error(`${archive} holds several images, which one name cannot name`);
      records.push(...(await take(store, image, names)));
    }
    if (records.length === 0) throw new Error(`${archive} holds no image`);
    return records;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function unpack(archive: string, folder: string): Promise<void> {
  const args = ['--extract', '--file', archive, '--directory', folder, '--no-same-owner'];
  try {
    await promisify(execFile)('tar', args);
  } catch (cause) {
    throw new Error(`${archive} is no tar archive`, { cause });
  }
}

async function take(
  store: ImageStore,
  { config, layers }: Found,
  names: readonly string[],
): Promise<readonly ImageRecord[]> {
  const platform = JSON.parse(readFileSync(config, 'utf8')) as { readonly architecture?: string };
  if (platform.architecture !== undefined && platform.architecture !== imageArchitecture) {
    throw new Error(`the image ${names[0]} is for ${platform.architecture}, and this machine is ${imageArchitecture}`);
  }
  const configBlob = store.putBytes(readFileSync(config), mediaTypes.config);
  const layerBlobs: Descriptor[] = [];
  // Copies: old archives have one layer at several paths.
  for (const path of layers) layerBlobs.push(await store.copyFile(path, layerType(path)));
  const manifest = store.putBytes(renderManifest({ config: configBlob, layers: layerBlobs }), mediaTypes.manifest);
  const size = [manifest, configBlob, ...layerBlobs].reduce((sum, blob) => sum + blob.size, 0);
  return names.map((text) => {
    const record = { name: formatReference(parseReference(text)), manifest, size };
    store.rememberImage(record);
    return record;
  });
}

function dockerImages(inside: (path: string) => string): readonly Found[] {
  interface Entry {
    readonly Config: string;
    readonly RepoTags?: readonly string[] | null;
    readonly Layers: readonly string[];
  }
  const entries = JSON.parse(readFileSync(inside('manifest.json'), 'utf8')) as readonly Entry[];
  return entries.map(({ Config, RepoTags, Layers }) => ({
    names: RepoTags ?? [],
    config: inside(Config),
    layers: Layers.map(inside),
  }));
}

function ociImages(inside: (path: string) => string): readonly Found[] {
  const blob = (digest: string): string => inside(`blobs/${digest.replace(':', '/')}`);
  const { manifests = [] } = readManifest(inside('index.json'));
  return manifests.flatMap((descriptor) => {
    const manifest = forThisMachine(readManifest(blob(descriptor.digest)), blob);
    if (manifest?.config === undefined) return [];
    const { annotations = {} } = descriptor;
    const name = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'];
    // The second annotation may be a bare tag, which names nothing.
    const names = name !== undefined && /[/:]/.test(name) ? [name] : [];
    const layers = (manifest.layers ?? []).map(({ digest }) => blob(digest));
    return [{ names, config: blob(manifest.config.digest), layers }];
  });
}

function forThisMachine(manifest: Manifest, blob: (digest: string) => string): Manifest | undefined {
  if (manifest.manifests === undefined) return manifest;
  const fits = ({ platform }: PlatformDescriptor): boolean =>
    platform === undefined || (platform.os === 'linux' && platform.architecture === imageArchitecture);
  const found = manifest.manifests.find((each) => fits(each) && existsSync(blob(each.digest)));
  return found === undefined ? undefined : readManifest(blob(found.digest));
}

/** Both formats say that layers are tar archives, and not always whether they are compressed. */
function layerType(path: string): string {
  const start = Buffer.alloc(4);
  const fd = openSync(path, 'r');
  readSync(fd, start);
  closeSync(fd);
  if (start.readUInt16BE(0) === 0x1f8b) return mediaTypes.gzipLayer;
  return start.readUInt32LE(0) === 0xfd2fb528 ? mediaTypes.zstdLayer : mediaTypes.layer;
}

/** An archive's links must not lead out of it. */
function insideOf(folder: string, path: string): string {
  const found = join(folder, path);
  const real = existsSync(found) && statSync(found).isFile() ? realpathSync(found) : found;
  if (!real.startsWith(realpathSync(folder) + sep)) throw new Error(`the archive refers to ${path}, outside itself`);
  return found;
}
