import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { build } from 'esbuild';

describe('a bundle', () => {
  it('holds all but koffi, and finds that beside the sources that it was made of', async () => {
    const source = join(import.meta.dirname, '../kernel.ts');
    // Within the repository, where Node looks for koffi as it does beside a shipped bundle.
    const folder = join(import.meta.dirname, '../../../.build', `bundle-test-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    try {
      const outfile = join(folder, 'kernel.mjs');
      await build({
        entryPoints: [source],
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: ['koffi'],
        logLevel: 'error',
      });
      const program = `import { openKernel } from ${JSON.stringify(outfile)}; const k = openKernel(); console.log(k.link(k.self(), 'lo').name)`;
      const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
      expect(printed).toBe('lo\n');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
