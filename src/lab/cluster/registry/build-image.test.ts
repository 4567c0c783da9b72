import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { imageArchitecture } from '../images/image.ts';
import { readTar } from '../images/read-tar.ts';
import { buildImage, builtImage } from './build-image.ts';
import { type Descriptor, type Manifest, mediaTypes } from './manifest.ts';
import { type ImageStore, openStore } from './store.ts';
import { countedLayer, recipe } from './testing/recipes.ts';

let folder: string;
let store: ImageStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'brl-store-'));
  store = openStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const blob = ({ digest }: Descriptor): Buffer => readFileSync(store.blobPath(digest));
const blobs = (): readonly string[] => readdirSync(join(folder, 'blobs/sha256'));

describe('building an image into a store', () => {
  it('names manifest, config and layers by the hashes of their bytes', async () => {
    const { manifest, size } = await buildImage(store, recipe('example.com/app', [countedLayer('one')]));
    expect(manifest.digest).toBe(`sha256:${sha256(blob(manifest))}`);
    const { config, layers = [] } = JSON.parse(blob(manifest).toString()) as Manifest;
    if (config === undefined) throw new Error('no config');
    for (const each of [config, ...layers]) {
      expect(sha256(blob(each))).toBe(each.digest.replace('sha256:', ''));
      expect(blob(each).length).toBe(each.size);
    }
    expect(size).toBe([manifest, config, ...layers].reduce((sum, each) => sum + each.size, 0));
    const [layer] = layers;
    if (layer === undefined) throw new Error('no layer');
    const tar = gunzipSync(blob(layer));
    expect(JSON.parse(blob(config).toString())).toEqual({
      architecture: imageArchitecture,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: {
        ExposedPorts: { '80/tcp': {} },
        Env: ['PATH=/bin', 'LANG=C'],
        Entrypoint: ['/bin/tool'],
        Cmd: ['--serve'],
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(tar)}`] },
    });
    expect(readTar(tar).map(({ path }) => path)).toEqual(['etc', 'etc/one']);
  });

  it('leaves a layer as it is that is not worth compressing', async () => {
    const { manifest } = await buildImage(store, recipe('example.com/app', [countedLayer('one', { compress: false })]));
    const { layers } = JSON.parse(blob(manifest).toString()) as Manifest;
    expect(layers?.map(({ mediaType }) => mediaType)).toEqual([mediaTypes.layer]);
  });

  it('makes a layer once, for however many images, and an image anew only when its recipe has changed', async () => {
    const [base, own] = [countedLayer('base'), countedLayer('own')];
    const [first, second] = [recipe('example.com/a', [base]), recipe('example.com/b', [base, own])];
    const record = await buildImage(store, first);
    await buildImage(store, second);
    expect(await buildImage(store, first)).toEqual(record);
    expect([base.made(), own.made()]).toEqual([1, 1]);
    expect(builtImage(store, { ...first, layers: [own] })).toBeUndefined();
    await buildImage(store, { ...first, layers: [own] });
    expect(own.made()).toBe(1);
  });

  it('is the same bytes each time', async () => {
    const first = await buildImage(store, recipe('example.com/app', [countedLayer('one')]));
    rmSync(folder, { recursive: true });
    store = openStore(folder);
    expect(await buildImage(store, recipe('example.com/app', [countedLayer('one')]))).toEqual(first);
  });
});

describe('tidying a store', () => {
  it('keeps what an image has and takes the rest, with what interrupted work left', async () => {
    const base = countedLayer('base');
    await buildImage(store, recipe('example.com/a', [base]));
    const kept = blobs();
    await buildImage(store, recipe('example.com/b', [base, countedLayer('own')]));
    writeFileSync(join(folder, 'scratch/half'), 'half a layer');
    store.forgetImage('example.com/b');
    store.prune();
    expect(blobs()).toEqual(kept);
    expect(existsSync(join(folder, 'scratch/half'))).toBe(false);
    expect(readdirSync(join(folder, 'layers'))).toHaveLength(1);
    expect(store.images().map(({ name }) => name)).toEqual(['example.com/a']);
  });
});
