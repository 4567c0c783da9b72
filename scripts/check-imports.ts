/** Part of `npm run check`: prints every forbidden import, with the reason. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { forbiddenImports } from './imports/forbidden-imports.ts';
import { root } from './run-steps.ts';

// The rules' own test is full of what they refuse.
const exclude = ['scripts/imports/*.test.ts'];
const paths = globSync('{src,test,scripts,bench}/**/*.ts', { cwd: root, exclude });
const found = paths.flatMap((path) => forbiddenImports({ path, text: readFileSync(join(root, path), 'utf8') }));
for (const line of found) console.error(line);
process.exitCode = found.length === 0 ? 0 : 1;
