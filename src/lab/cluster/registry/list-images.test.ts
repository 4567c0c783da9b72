import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { busyboxRecipe } from '../images/busybox-image.ts';
import { buildImage } from './build-image.ts';
import { type ListedImage, listImages } from './list-images.ts';
import { type ImageStore, openStore } from './store.ts';
import { countedLayer, recipe } from './testing/recipes.ts';

const root = join(import.meta.dirname, '../../../..');
let folder: string;
let store: ImageStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'brl-list-'));
  store = openStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const stateOf = (images: readonly ListedImage[], name: string) =>
  images.filter((image) => image.name === name).map(({ tag, state }) => `${tag} ${state}`);

describe('the list of images', () => {
  it('says of each whether nodes have it, can pull it, or make the lab build it', async () => {
    const { manifest, size } = await buildImage(store, { ...busyboxRecipe(), layers: [countedLayer('one')] });
    store.rememberImage({ name: 'ghcr.io/team/app:1.2', manifest, size });
    const images = listImages({ root, store });
    expect(stateOf(images, 'docker.io/branchline/branchline')).toEqual(['0.1.0 preloaded']);
    expect(stateOf(images, 'docker.io/library/nginx')).toEqual(['any buildable']);
    expect(stateOf(images, 'ghcr.io/team/app')).toEqual(['1.2 added']);
    // What the store has is of another recipe: it is built anew when it is pulled.
    expect(stateOf(images, 'docker.io/library/busybox')).toEqual(['any buildable']);
  });

  it('takes CoreDNS as built when any lab has built it, since it comes out of the Kubernetes of that lab', async () => {
    const name = 'registry.k8s.io/coredns/coredns';
    expect(stateOf(listImages({ root, store }), name)).toEqual(['any buildable']);
    await buildImage(store, recipe(name, [countedLayer('coredns')]));
    expect(stateOf(listImages({ root, store }), name)).toEqual(['any built']);
  });
});
