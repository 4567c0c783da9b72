/** Small images for tests, which say how often their layers were made. */
import { folder, text } from '../../images/entries.ts';
import type { ImageRecipe, LayerRecipe } from '../../images/layer-recipe.ts';

export interface CountedLayer extends LayerRecipe {
  readonly made: () => number;
}

export function countedLayer(name: string, options: { readonly compress?: boolean } = {}): CountedLayer {
  let made = 0;
  return {
    ...options,
    inputs: [name],
    make() {
      made += 1;
      return Promise.resolve([folder('etc'), text(`etc/${name}`, `this is ${name}\n`)]);
    },
    made: () => made,
  };
}

export const recipe = (name: string, layers: readonly LayerRecipe[]): ImageRecipe => ({
  name,
  summary: `the image ${name}`,
  layers,
  config: { entrypoint: ['/bin/tool'], command: ['--serve'], path: '/bin', env: { LANG: 'C' }, ports: ['80/tcp'] },
});
