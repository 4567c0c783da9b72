/** CoreDNS, out of the one binary that holds all of Kubernetes' programs, or the user's own `coredns` beside his. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { copied } from './entries.ts';
import type { ImageRecipe } from './layer-recipe.ts';

export const COREDNS_IMAGE = 'registry.k8s.io/coredns/coredns';
export const COREDNS_SUMMARY = 'the DNS of the cluster';

/**
 * @param kubernetes what `ensureKubernetes` found.
 * @returns undefined where the user's folder of official binaries has no `coredns`.
 */
export function corednsImage(kubernetes: string): ImageRecipe | undefined {
  const isFolder = statSync(kubernetes).isDirectory();
  const source = isFolder ? join(kubernetes, 'coredns') : kubernetes;
  if (!existsSync(source)) return undefined;
  const { size, mtimeMs } = statSync(source);
  return {
    name: COREDNS_IMAGE,
    summary: COREDNS_SUMMARY,
    layers: [
      {
        inputs: ['coredns', source, String(size), String(mtimeMs)],
        make: () => Promise.resolve([copied('coredns', source)]),
        // Every start of a lab pulls it, and unpacking would cost more than reading.
        compress: false,
      },
    ],
    config: { entrypoint: isFolder ? ['/coredns'] : ['/coredns', 'coredns'], path: '/' },
  };
}
