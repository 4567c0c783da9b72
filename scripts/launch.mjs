/**
 * Stands behind every npm script: `node scripts/launch.mjs PROGRAM [arguments]`. Runs on any Node from 20 on, without
 * dependencies: installs the locked dependencies when they are absent or changed, then runs PROGRAM with the pinned
 * Node 24 that is one of them. Must never do more than that: a second run may cost less than 300 ms.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.branchline-lock');
const pinned = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');

const say = (text) => process.stderr.write(`${text}\n`);
const fail = (text) => {
  say(text);
  process.exit(1);
};

if (process.platform !== 'linux') fail('Branchline runs on Linux only: it drives the kernel’s own networking.');
if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node ${process.versions.node} is too old to start with: install Node 20 or newer.`);
}

const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
if (installed !== lock) {
  say(
    `Installing the locked npm dependencies into node_modules (${installed === '' ? 'first run' : 'the lock changed'}) …`,
  );
  const started = Date.now();
  // No install script is needed by any of them: koffi and esbuild carry their binaries in packages of their own.
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.error || result.status !== 0) fail('`npm ci` failed; see above. It needs npm and the npm registry.');
  writeFileSync(stamp, lock);
  say(`Installed in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
}

const own = Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined;
const node = existsSync(pinned) ? pinned : own;
if (node === undefined) {
  fail(`No pinned Node for ${process.arch} and the Node here is ${process.versions.node}: install Node 24 or newer.`);
}

const [program, ...args] = process.argv.slice(2);
if (program === undefined) fail('usage: node scripts/launch.mjs PROGRAM [arguments]');
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, program), ...args], {
  stdio: 'inherit',
});
// At a terminal Ctrl-C reaches the child by itself; a signal that was sent to us alone must be passed on.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
child.on('exit', (code, signal) => process.exit(signal === null ? code : 128));
