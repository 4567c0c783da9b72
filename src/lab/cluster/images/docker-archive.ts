/** Writes a docker-archive, which every container engine imports, without having one: layers, a config, a manifest. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

import { type TarEntry, tarPieces } from './tar.ts';

export interface Image {
  /** With registry and tag, e.g. `docker.io/library/busybox:1.35`. */
  readonly name: string;
  /** What changes least comes first: engines keep a layer that they have. */
  readonly layers: readonly (readonly TarEntry[])[];
  readonly config: {
    readonly entrypoint?: readonly string[];
    readonly command?: readonly string[];
    readonly path: string;
  };
}

/** In the words of image configs. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export function writeDockerArchive(path: string, { name, layers, config }: Image): void {
  const blobs = layers.map((entries) => {
    const content = tarPieces(entries);
    return { content, hex: sha256(content) };
  });
  const { entrypoint, command } = config;
  const configContent = json({
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      Env: [`PATH=${config.path}`],
      ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
      ...(command === undefined ? {} : { Cmd: command }),
    },
    rootfs: { type: 'layers', diff_ids: blobs.map(({ hex }) => `sha256:${hex}`) },
  });
  const configPath = `${sha256(configContent)}.json`;
  const manifest = [{ Config: configPath, RepoTags: [name], Layers: blobs.map(({ hex }) => `${hex}.tar`) }];
  const file = (at: string, content: readonly Uint8Array[]): TarEntry => ({
    kind: 'file',
    path: at,
    mode: 0o644,
    content,
  });
  replaceFile(
    path,
    tarPieces([
      file('manifest.json', json(manifest)),
      file(configPath, configContent),
      ...blobs.map(({ hex, content }) => file(`${hex}.tar`, content)),
    ]),
  );
}

/** Whole or not at all: what an interrupted build leaves must not be taken for an image. */
function replaceFile(path: string, pieces: readonly Uint8Array[]): void {
  const part = `${path}.${process.pid}.part`;
  const fd = openSync(part, 'w', 0o644);
  for (const piece of pieces) for (let at = 0; at < piece.length;) at += writeSync(fd, piece, at);
  closeSync(fd);
  renameSync(part, path);
}

function sha256(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

const json = (value: unknown): readonly Uint8Array[] => [Buffer.from(JSON.stringify(value))];
