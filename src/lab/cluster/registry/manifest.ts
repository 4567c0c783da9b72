/** What ties an image together: names of its config and its layers, or of one image for each platform. */
import { readFileSync } from 'node:fs';

export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** Of an image: `config` and `layers`; of an index: `manifests`. */
export interface Manifest {
  readonly mediaType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly PlatformDescriptor[];
}

export interface PlatformDescriptor extends Descriptor {
  readonly platform?: { readonly os?: string; readonly architecture?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  gzipLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstdLayer: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

export const readManifest = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8')) as Manifest;

/** OCI lets a manifest leave out what it is. */
export const mediaTypeOf = ({ mediaType, manifests }: Manifest): string =>
  mediaType ?? (manifests === undefined ? mediaTypes.manifest : mediaTypes.index);

export function renderManifest({
  config,
  layers,
}: {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}): Uint8Array {
  const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: plain(config),
    layers: layers.map(plain),
  };
  return Buffer.from(JSON.stringify(manifest));
}
