import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { writeDockerArchive } from './docker-archive.ts';
import type { Image } from './image.ts';
import { bytes, folder, link, text } from './entries.ts';

const deep = `${'d'.repeat(60)}/${'e'.repeat(60)}`;
const image: Image = {
  name: 'example.com/tool:1',
  layers: [
    [folder('bin'), bytes('bin/tool', Buffer.alloc(1000, 7), 0o755), link('bin/alias', 'tool')],
    [folder('d'.repeat(60)), folder(deep), text(`${deep}/note`, 'long'), folder('tmp', 0o1777)],
  ],
  config: { entrypoint: ['/bin/tool'], path: '/bin' },
};

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'brl-images-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));
const tar = (...args: readonly string[]): string => execFileSync('tar', args, { cwd: scratch, encoding: 'utf8' });
const readJson = (path: string): unknown => JSON.parse(readFileSync(join(scratch, path), 'utf8'));
const sha256sum = (path: string): string => execFileSync('sha256sum', [join(scratch, path)], { encoding: 'utf8' });

describe('an image without a container engine', () => {
  it('is a docker-archive whose manifest, config and layers name each other by their hashes', () => {
    writeDockerArchive(join(scratch, 'image.tar'), image);
    tar('xf', 'image.tar');
    const [manifest] = readJson('manifest.json') as [{ Config: string; RepoTags: string[]; Layers: string[] }];
    expect(manifest.RepoTags).toEqual(['example.com/tool:1']);
    expect(sha256sum(manifest.Config)).toContain(manifest.Config.replace('.json', ''));
    const config = readJson(manifest.Config) as { rootfs: { diff_ids: string[] }; config: object };
    expect(config.config).toMatchObject({ Entrypoint: ['/bin/tool'], Env: ['PATH=/bin'] });
    for (const [at, layer] of manifest.Layers.entries()) {
      expect(sha256sum(layer)).toContain(config.rootfs.diff_ids[at]?.replace('sha256:', '') ?? 'missing');
    }
  });

  it('holds files, folders, links and long names as tar reads them', () => {
    writeDockerArchive(join(scratch, 'image.tar'), image);
    tar('xf', 'image.tar');
    const [manifest] = readJson('manifest.json') as [{ Layers: string[] }];
    mkdirSync(join(scratch, 'root'));
    const listings = manifest.Layers.map((layer) => {
      tar('xf', layer, '-C', 'root');
      return tar('tvf', layer);
    });
    expect(listings[0]).toMatch(
      /^drwxr-xr-x 0\/0 .* bin\/\n-rwxr-xr-x 0\/0 +1000 .* bin\/tool\nl.* bin\/alias -> tool\n$/,
    );
    expect(listings[1]).toContain('drwxrwxrwt');
    expect(readFileSync(join(scratch, 'root/bin/alias'))).toEqual(Buffer.alloc(1000, 7));
    expect(readFileSync(join(scratch, `root/${deep}/note`), 'utf8')).toBe('long');
  });

  it('is the same bytes each time', () => {
    for (const name of ['first', 'second']) writeDockerArchive(join(scratch, name), image);
    expect(readFileSync(join(scratch, 'first')).equals(readFileSync(join(scratch, 'second')))).toBe(true);
  });
});
