/** Writes a docker-archive, which every container engine imports, without having one: layers, a config, a manifest. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

import { type Image, renderImageConfig } from './image.ts';
import { type TarEntry, tarPieces } from './tar.ts';

export function writeDockerArchive(path: string, { name, layers, config }: Image): void {
  const blobs = layers.map((entries) => {
    const content = tarPieces(entries);
    return { content, hex: sha256(content) };
  });
  const configContent = [
    renderImageConfig(
      config,
      blobs.map(({ hex }) => hex),
    ),
  ];
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
