/**
 * `npm test`: set-up, check, build, all tests; the last line is the runner's summary, `N passed, N failed`.
 * `--unit` leaves out what needs a lab; further arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ensurePackages } from '../src/lab/cluster/packages.ts';
import { nodeStep, root, runSteps } from './run-steps.ts';

const unitOnly = process.argv.includes('--unit');
const passedOn = process.argv.slice(2).filter((argument) => argument !== '--unit');
const report = join(root, '.build', 'vitest.json');
mkdirSync(join(root, '.build'), { recursive: true });
rmSync(report, { force: true });

await ensurePackages({ say: (text) => console.error(text) });
if (passedOn.length === 0) runSteps([nodeStep('check', 'scripts/check.ts')]);
runSteps([nodeStep('build', 'scripts/build.ts')]);
const vitest = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(unitOnly ? ['--project=unit'] : []),
    ...passedOn,
  ],
  { cwd: root, stdio: 'inherit' },
);
const summary = JSON.parse(readFileSync(report, 'utf8')) as {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
};
// A file that cannot be loaded has no failed test in it, and is a failure all the same.
const failed = Math.max(summary.numFailedTests, vitest.status === 0 ? 0 : 1);
const skipped = summary.numPendingTests > 0 ? `, ${summary.numPendingTests} skipped` : '';
console.log(`${summary.numPassedTests} passed, ${failed} failed${skipped}`);
process.exit(vitest.status ?? 1);
