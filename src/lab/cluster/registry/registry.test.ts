import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { buildImage } from './build-image.ts';
import { type Manifest, mediaTypes } from './manifest.ts';
import { createRegistry } from './registry.ts';
import { storeContent } from './store-content.ts';
import { type ImageStore, openStore } from './store.ts';
import { type CountedLayer, countedLayer, recipe } from './testing/recipes.ts';

let folder: string;
let store: ImageStore;
let server: Server;
let base: string;
let layer: CountedLayer;
let failing = false;
const errors: unknown[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'brl-registry-'));
  store = openStore(folder);
  layer = countedLayer('one');
  failing = false;
  errors.length = 0;
  const recipes = [recipe('docker.io/library/nginx', [layer])];
  const content = storeContent({
    store,
    recipes,
    async build(name) {
      if (failing) throw new Error('no network');
      const found = recipes.find((each) => each.name === name);
      if (found !== undefined) await buildImage(store, found);
    },
  });
  server = createRegistry({ content, onError: (error) => errors.push(error) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${base}${path}`, init);
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const NGINX = '/v2/library/nginx/manifests/latest?ns=docker.io';

describe('the registry', () => {
  it('says that it is one', async () => {
    const response = await get('/v2/');
    expect(response.status).toBe(200);
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  });

  it('gives an image by its tag, and all that the image is made of by digest', async () => {
    const response = await get(NGINX);
    expect(response.headers.get('content-type')).toBe(mediaTypes.manifest);
    const bytes = await bytesOf(response);
    expect(response.headers.get('docker-content-digest')).toBe(digestOf(bytes));
    const { config, layers = [] } = JSON.parse(bytes.toString()) as Manifest;
    for (const { digest, size } of [...(config === undefined ? [] : [config]), ...layers]) {
      const blob = await get(`/v2/library/nginx/blobs/${digest}`);
      expect(blob.headers.get('content-length')).toBe(String(size));
      expect(digestOf(await bytesOf(blob))).toBe(digest);
    }
    const again = await get(`/v2/library/nginx/manifests/${digestOf(bytes)}?ns=docker.io`);
    expect(again.headers.get('content-type')).toBe(mediaTypes.manifest);
    expect(await bytesOf(again)).toEqual(bytes);
  });

  it('answers HEAD as GET, without the content', async () => {
    const [head, full] = [await get(NGINX, { method: 'HEAD' }), await get(NGINX)];
    expect(head.headers.get('docker-content-digest')).toBe(full.headers.get('docker-content-digest'));
    expect(head.headers.get('content-length')).toBe(String((await bytesOf(full)).length));
    expect(await head.text()).toBe('');
  });

  it('serves every tag of an image that it can build, and builds it once for all who ask at the same time', async () => {
    const tags = ['latest', '1.27', '1.27-alpine'];
    const responses = await Promise.all(tags.map((tag) => get(`/v2/library/nginx/manifests/${tag}?ns=docker.io`)));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(layer.made()).toBe(1);
  });

  it('knows the same image without a mirror’s hint, and by Amazon’s copy of it', async () => {
    expect((await get('/v2/library/nginx/manifests/latest')).status).toBe(200);
    expect((await get('/v2/docker/library/nginx/manifests/latest?ns=public.ecr.aws')).status).toBe(200);
    expect((await get('/v2/library/nginx/manifests/latest?ns=ghcr.io')).status).toBe(404);
  });

  it('serves what was added by exactly its tag', async () => {
    const { manifest, size } = await buildImage(store, recipe('scratch.test/app', [countedLayer('own')]));
    store.rememberImage({ name: 'ghcr.io/team/app:1.2', manifest, size });
    const response = await get('/v2/team/app/manifests/1.2?ns=ghcr.io');
    expect(response.headers.get('docker-content-digest')).toBe(manifest.digest);
    expect((await get('/v2/team/app/manifests/latest?ns=ghcr.io')).status).toBe(404);
  });

  it.each([
    ['/v2/nosuch/image/manifests/latest?ns=docker.io', 'MANIFEST_UNKNOWN'],
    [`/v2/library/nginx/manifests/sha256:${'0'.repeat(64)}`, 'MANIFEST_UNKNOWN'],
    [`/v2/library/nginx/blobs/sha256:${'0'.repeat(64)}`, 'BLOB_UNKNOWN'],
    ['/v2/library/nginx/blobs/..%2F..%2F..%2Fetc%2Fpasswd', 'MANIFEST_UNKNOWN'],
    ['/v2/library/nginx/blobs/sha256:..%2f..', 'MANIFEST_UNKNOWN'],
    ['/elsewhere', 'MANIFEST_UNKNOWN'],
  ])('answers 404 for %s', async (path, code) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ code }] });
  });

  it('takes nothing', async () => {
    expect((await get('/v2/library/nginx/blobs/uploads/', { method: 'POST' })).status).toBe(405);
  });

  it('answers 500 when an image cannot be built, and tries again the next time', async () => {
    failing = true;
    expect((await get(NGINX)).status).toBe(500);
    expect(errors).toEqual([new Error('no network')]);
    failing = false;
    expect((await get(NGINX)).status).toBe(200);
  });
});
