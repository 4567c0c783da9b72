/** A store and a catalogue of recipes as the content of a registry: what is asked for and not yet built is built. */
import { existsSync, statSync } from 'node:fs';

import type { ImageRecipe } from '../images/layer-recipe.ts';
import { builtImage } from './build-image.ts';
import { mediaTypeOf, readManifest } from './manifest.ts';
import { formatReference } from './reference.ts';
import type { RegistryContent } from './registry.ts';
import type { ImageStore } from './store.ts';

export interface StoreContentOptions {
  readonly store: ImageStore;
  readonly recipes: readonly ImageRecipe[];
  /** Builds the image of a recipe into the store. */
  readonly build: (name: string) => Promise<void>;
}

const LARGEST_MANIFEST = 4 << 20;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Amazon's copies of docker.io's own images. */
const COPIES = /^public\.ecr\.aws\/docker\/library\//;

export function storeContent({ store, recipes, build }: StoreContentOptions): RegistryContent {
  const building = new Map<string, Promise<void>>();
  const buildOnce = (name: string): Promise<void> => {
    const running = building.get(name) ?? build(name).finally(() => building.delete(name));
    building.set(name, running);
    return running;
  };
  const blob: RegistryContent['blob'] = (digest) => {
    const path = store.blobPath(digest);
    return DIGEST.test(digest) && existsSync(path) ? { path, size: statSync(path).size } : undefined;
  };
  return {
    blob,
    manifest(digest) {
      const found = blob(digest);
      // A layer is no manifest, and is not read to find that out.
      if (found === undefined || found.size > LARGEST_MANIFEST) return undefined;
      return { digest, size: found.size, mediaType: mediaTypeOf(readManifest(found.path)) };
    },
    async manifestOf({ repository, tag }) {
      const name = repository.replace(COPIES, 'docker.io/library/');
      const added = store.image(formatReference({ repository: name, tag }));
      if (added !== undefined) return added.manifest;
      const recipe = recipes.find((each) => each.name === name);
      if (recipe === undefined) return undefined;
      if (builtImage(store, recipe) === undefined) await buildOnce(name);
      return builtImage(store, recipe)?.manifest;
    },
  };
}
