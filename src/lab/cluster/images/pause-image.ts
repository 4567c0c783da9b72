/** The sandbox's own image: nothing can be pulled, so containerd is told this name (`sandbox_image`). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Image } from './image.ts';
import type { ImageRecipe } from './layer-recipe.ts';
import { bytes } from './entries.ts';

export const PAUSE_IMAGE = 'branchline.dev/lab/pause:1';

const SOURCE = join(import.meta.dirname, 'pause.c');
const config = { entrypoint: ['/pause'], path: '/' };

export const pauseImage = (): Image => ({ name: PAUSE_IMAGE, layers: [pauseFiles()], config });

/** The same by its usual name, for pods that shall do nothing. */
export const pauseRecipe: ImageRecipe = {
  name: 'registry.k8s.io/pause',
  summary: 'a program that waits',
  layers: [{ inputs: ['pause', readFileSync(SOURCE, 'utf8')], make: () => Promise.resolve(pauseFiles()) }],
  config,
};

const pauseFiles = () => [bytes('pause', compile(SOURCE), 0o755)];

function compile(source: string): Uint8Array {
  const scratch = mkdtempSync(join(tmpdir(), 'branchline-pause-'));
  try {
    const out = join(scratch, 'pause');
    for (const compiler of ['musl-gcc', 'gcc']) {
      const { error, status, stderr } = spawnSync(compiler, ['-Os', '-static', '-s', '-o', out, source], {
        encoding: 'utf8',
      });
      if (error !== undefined) continue;
      if (status !== 0) throw new Error(`${compiler} could not build ${source}:\n${stderr}`);
      return readFileSync(out);
    }
    throw new Error('no C compiler found: install musl-tools or gcc');
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
