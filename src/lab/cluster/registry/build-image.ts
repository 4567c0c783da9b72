/** Makes an image of its recipe, into a store; what the store has of it already is not made again. */
import { createHash } from 'node:crypto';

import { renderImageConfig } from '../images/image.ts';
import type { ImageRecipe, LayerRecipe } from '../images/layer-recipe.ts';
import { tarPieces } from '../images/tar.ts';
import { mediaTypes, renderManifest } from './manifest.ts';
import type { ImageRecord, ImageStore, StoredLayer } from './store.ts';

/** What the store has of a recipe, if it is what the recipe would make today. */
export function builtImage(store: ImageStore, recipe: ImageRecipe): ImageRecord | undefined {
  const record = store.image(recipe.name);
  return record?.key === imageKey(recipe) ? record : undefined;
}

export async function buildImage(store: ImageStore, recipe: ImageRecipe): Promise<ImageRecord> {
  const before = builtImage(store, recipe);
  if (before !== undefined) return before;
  const layers: StoredLayer[] = [];
  for (const layer of recipe.layers) layers.push(await buildLayer(store, layer));
  const diffIds = layers.map(({ diffId }) => diffId);
  const config = store.putBytes(renderImageConfig(recipe.config, diffIds), mediaTypes.config);
  const manifest = store.putBytes(renderManifest({ config, layers }), mediaTypes.manifest);
  const size = [config, manifest, ...layers].reduce((sum, blob) => sum + blob.size, 0);
  const record: ImageRecord = { name: recipe.name, manifest, size, key: imageKey(recipe) };
  store.rememberImage(record);
  return record;
}

async function buildLayer(store: ImageStore, layer: LayerRecipe): Promise<StoredLayer> {
  const key = layerKey(layer);
  const before = store.layer(key);
  if (before !== undefined) return before;
  const made = await store.putLayer(tarPieces(await layer.make()), { compress: layer.compress ?? true });
  store.rememberLayer(key, made);
  return made;
}

const layerKey = ({ inputs }: LayerRecipe): string => keyOf(inputs);
const imageKey = ({ layers, config }: ImageRecipe): string => keyOf([layers.map(layerKey), config]);

const keyOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
