/** The sandbox's own image: nothing can be pulled, so containerd is told this name (`sandbox_image`). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Image } from './docker-archive.ts';
import { bytes } from './entries.ts';

export const PAUSE_IMAGE = 'branchline.dev/lab/pause:1';

export function pauseImage(): Image {
  const program = compile(join(import.meta.dirname, 'pause.c'));
  return {
    name: PAUSE_IMAGE,
    layers: [[bytes('pause', program, 0o755)]],
    config: { entrypoint: ['/pause'], path: '/' },
  };
}

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
