/** Every image that the lab can build; a scenario that needs another one adds its recipe here. */
import { corednsImage } from './coredns-image.ts';
import { busyboxRecipe } from './busybox-image.ts';
import { debianImage } from './debian/base-system.ts';
import type { ImageRecipe } from './layer-recipe.ts';
import { nginxImage } from './nginx-image.ts';
import { pauseRecipe } from './pause-image.ts';
import { postgresImage } from './postgres-image.ts';
import { redisImage } from './redis-image.ts';
import { toolsImage } from './tools-image.ts';

export interface CatalogueOptions {
  /** The clone. */
  readonly root: string;
  /** What `ensureKubernetes` found; undefined: not known, and CoreDNS is left out. */
  readonly kubernetes: string | undefined;
}

export function imageCatalogue({ root, kubernetes }: CatalogueOptions): readonly ImageRecipe[] {
  const coredns = kubernetes === undefined ? undefined : corednsImage(kubernetes);
  return [
    busyboxRecipe(),
    ...(coredns === undefined ? [] : [coredns]),
    debianImage,
    nginxImage,
    pauseRecipe,
    postgresImage,
    redisImage,
    toolsImage(root),
  ];
}
