/**
 * `npm test`: set-up, check, build, all tests; the last line is the runner's summary, `N passed, N failed`.
 * `--unit` leaves out what needs a lab, `--soak` runs what is too long for every day and nothing else; further arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ensurePackages } from '../src/lab/cluster/packages.ts';
import { findGo } from './build-go.ts';
import { nodeStep, root, runSteps } from './run-steps.ts';
import { summarise, type TestReport } from './tests/summary.ts';

const say = (text: string): void => console.error(text);
const isRoot = process.getuid?.() === 0;
const modes: ReadonlyMap<string, readonly string[]> = new Map([
  ['--unit', ['unit']],
  ['--soak', ['soak']],
]);
const mode = process.argv.find((argument) => modes.has(argument)) ?? '';
const projects = modes.get(mode) ?? (isRoot ? ['unit', 'lab'] : ['unit']);
const passedOn = process.argv.slice(2).filter((argument) => argument !== mode);
const reportPath = join(root, '.build', 'vitest.json');
mkdirSync(join(root, '.build'), { recursive: true });
rmSync(reportPath, { force: true });

await setUp();
if (passedOn.length === 0 && mode !== '--soak') runSteps([nodeStep('check', 'scripts/check.ts')]);
runSteps([nodeStep('build', 'scripts/build.ts')]);
const [command, ...args] = [
  ...(isRoot ? [] : withinUserNamespace()),
  process.execPath,
  join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportPath}`,
  ...projects.map((project) => `--project=${project}`),
  ...passedOn,
];
// Where users' PATH lacks them, `nft` and the like are there all the same.
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
const { status } = spawnSync(command ?? '', args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH } });
const report = existsSync(reportPath) ? (JSON.parse(readFileSync(reportPath, 'utf8')) as TestReport) : undefined;
const { skipped, line } = summarise({ report, ok: status === 0, root });
for (const one of skipped) console.log(`skipped: ${one}`);
console.log(line);
process.exit(status ?? 1);

/** Whoever may install packages gets them; others are told what is missing, and what does not need it runs. */
async function setUp(): Promise<void> {
  try {
    await ensurePackages({ say });
  } catch (error) {
    if (isRoot) throw error;
    say(error instanceof Error ? error.message : String(error));
  }
  // A user namespace has no network to have them by.
  const go = findGo();
  if (go !== undefined) spawnSync(go, ['mod', 'download'], { cwd: join(root, 'src/cni/testing/libcni') });
  if (!isRoot || existsSync('/usr/bin/linux.uml') || !existsSync('/usr/bin/apt-get')) return;
  say('Installing the Debian package user-mode-linux, a second kernel for the tests of `linux` …');
  const options = ['-qq', '-y', '--no-install-recommends', '--no-remove'];
  // Where it cannot be had, its test says so and is skipped.
  spawnSync('apt-get', ['install', ...options, 'user-mode-linux'], { stdio: 'ignore' });
}

/** Root of a user namespace may make network namespaces, but not load BPF programs, and start no lab. */
function withinUserNamespace(): readonly string[] {
  const script = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"';
  const options = ['--map-root-user', '--net', '--mount', 'sh', '-c', script, 'sh'];
  if (spawnSync('unshare', [...options, 'true']).status === 0) {
    say('Not root: no lab is started, and the tests run as root of a user namespace, which lacks BPF.');
    return ['unshare', ...options];
  }
  say('Not root, and no user namespace may be made here: no lab is started, and the tests of the kernel are skipped.');
  return [];
}
