/** `npm run build`: what the image holds beside Node itself: the two daemons as bundles and the CNI plugin. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { build } from 'esbuild';

import { buildShim } from './build-shim.ts';
import { root } from './run-steps.ts';

const bundles = join(root, '.build', 'bundle');
mkdirSync(bundles, { recursive: true });
await build({
  entryPoints: { agent: join(root, 'src/agent/main.ts'), controller: join(root, 'src/controller/main.ts') },
  outdir: bundles,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: 'linked',
  keepNames: true,
  // koffi finds its native part beside its own files.
  external: ['koffi'],
  // Some dependencies are CommonJS and call `require` for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
const shims = join(root, '.build', 'bin');
mkdirSync(shims, { recursive: true });
await buildShim(join(shims, 'branchline-cni'));
