/** How a layer is made: only when it is needed, and once, since several images may stand on the same. */
import type { Image } from './image.ts';
import type { TarEntry } from './tar.ts';

export interface LayerRecipe {
  /** Differs when the content would; texts of any length. */
  readonly inputs: readonly string[];
  readonly make: () => Promise<readonly TarEntry[]>;
  /** Default true; false for what is large and only read on this machine. */
  readonly compress?: boolean;
}

/** An image of which every tag is the same. */
export interface ImageRecipe extends Omit<Image, 'layers' | 'name'> {
  /** With registry and without tag, e.g. `docker.io/library/nginx`. */
  readonly name: string;
  /** For people: what is in it. */
  readonly summary: string;
  readonly layers: readonly LayerRecipe[];
}
