import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { writeDockerArchive } from '../images/docker-archive.ts';
import { text } from '../images/entries.ts';
import { type Image, imageArchitecture } from '../images/image.ts';
import { buildImage } from './build-image.ts';
import { importArchive } from './import-archive.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { type ImageStore, openStore } from './store.ts';
import { countedLayer, recipe } from './testing/recipes.ts';

const image: Image = {
  name: 'team/app:1.2',
  layers: [[text('one', 'one')], [text('two', 'two')]],
  config: { command: ['/one'], path: '/' },
};

let scratch: string;
let store: ImageStore;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'brl-import-'));
  store = openStore(join(scratch, 'store'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

const at = (path: string): string => join(scratch, path);
const archiveOf = (files: Readonly<Record<string, string | Buffer>>): string => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(at(`folder/${path}`)), { recursive: true });
    writeFileSync(at(`folder/${path}`), content);
  }
  execFileSync('tar', ['--create', '--file', at('made.tar'), '--directory', at('folder'), '.']);
  return at('made.tar');
};

/** As `skopeo copy oci-archive:` and `docker buildx --output type=oci` write it. */
async function ociArchive(index: (manifest: Manifest['config']) => unknown): Promise<string> {
  const source = openStore(at('source'));
  const { manifest } = await buildImage(source, recipe('example.com/app', [countedLayer('one')]));
  const { config, layers = [] } = readManifest(source.blobPath(manifest.digest));
  const blobs = [manifest, ...(config === undefined ? [] : [config]), ...layers].map(
    ({ digest }) => [`blobs/${digest.replace(':', '/')}`, readFileSync(source.blobPath(digest))] as const,
  );
  return archiveOf({
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': JSON.stringify(index(manifest)),
    ...Object.fromEntries(blobs),
  });
}

describe('adding an image', () => {
  it.each(['plain', 'gzip'])('takes what docker save wrote (%s)', async (how) => {
    writeDockerArchive(at('app.tar'), image);
    if (how === 'gzip') execFileSync('gzip', [at('app.tar')]);
    const [record] = await importArchive(store, { archive: at(how === 'gzip' ? 'app.tar.gz' : 'app.tar') });
    expect(store.image('docker.io/team/app:1.2')).toEqual(record);
    const manifest = readManifest(store.blobPath(record?.manifest.digest ?? ''));
    const { rootfs } = JSON.parse(readFileSync(store.blobPath(manifest.config?.digest ?? ''), 'utf8')) as {
      readonly rootfs: { readonly diff_ids: readonly string[] };
    };
    // Layers that are not compressed are their own diff ids.
    expect(manifest.layers?.map(({ digest }) => digest)).toEqual(rootfs.diff_ids);
  });

  it('takes an OCI layout by the name in its index', async () => {
    const annotations = { 'io.containerd.image.name': 'ghcr.io/team/app:3' };
    const archive = await ociArchive((manifest) => ({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
    expect((await importArchive(store, { archive })).map(({ name }) => name)).toEqual(['ghcr.io/team/app:3']);
  });

  it('gives an archive without a name the one that it is told, and says so where it is told none', async () => {
    const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
    const archive = await ociArchive((manifest) => ({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
    await expect(importArchive(store, { archive })).rejects.toThrow('give it a name');
    expect((await importArchive(store, { archive, name: 'app:dev' })).map(({ name }) => name)).toEqual([
      'docker.io/library/app:dev',
    ]);
  });

  it('refuses an image for other machines', async () => {
    const config = JSON.stringify({ architecture: 'sparc', rootfs: { type: 'layers', diff_ids: [] } });
    const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: ['app:1'], Layers: [] }]);
    const archive = archiveOf({ 'c.json': config, 'manifest.json': manifest });
    await expect(importArchive(store, { archive })).rejects.toThrow(
      `for sparc, and this machine is ${imageArchitecture}`,
    );
  });

  it.each(['../../etc/passwd', '/etc/passwd', 'link'])(
    'refuses an archive that refers to %s, outside itself',
    async (path) => {
      mkdirSync(at('folder'));
      symlinkSync('/etc/passwd', at('folder/link'));
      const manifest = JSON.stringify([{ Config: path, RepoTags: ['app:1'], Layers: [] }]);
      await expect(importArchive(store, { archive: archiveOf({ 'manifest.json': manifest }) })).rejects.toThrow();
      expect(store.images()).toEqual([]);
    },
  );

  it('says what is no archive', async () => {
    writeFileSync(at('text'), 'no archive at all');
    await expect(importArchive(store, { archive: at('text') })).rejects.toThrow('is no tar archive');
    await expect(importArchive(store, { archive: at('absent') })).rejects.toThrow('there is no file');
  });
});
