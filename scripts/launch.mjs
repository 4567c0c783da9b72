/**
 * Stands behind every npm script: `node scripts/launch.mjs PROGRAM [arguments]`. Runs on any Node from 20 on, without
 * dependencies: installs the locked dependencies when they are absent or changed, then runs PROGRAM with the pinned
 * Node 24 that is one of them. Must never do more than that: a second run may cost less than 300 ms.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
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

const locked = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const installed = () => (existsSync(stamp) ? readFileSync(stamp, 'utf8') : '');
if (installed() !== locked) {
  const release = takeTurn();
  let isDone = false;
  try {
    // Whoever had the turn before may have done it.
    isDone = installed() === locked || install();
  } finally {
    release();
  }
  if (!isDone) fail('`npm ci` failed; see above. It needs npm and the npm registry.');
}

const own = Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined;
const node = existsSync(pinned) ? pinned : own;
if (node === undefined) {
  fail(`No pinned Node for ${process.arch} and the Node here is ${process.versions.node}: install Node 24 or newer.`);
}

const [program, ...args] = process.argv.slice(2);
if (program === undefined) fail('usage: node scripts/launch.mjs PROGRAM [arguments]');
// Before it is started: one that comes at once must not end us alone.
// At a terminal Ctrl-C reaches the child by itself; a signal that was sent to us alone must be passed on.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, program), ...args], {
  stdio: 'inherit',
});
child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));

function install() {
  say(
    `Installing the locked npm dependencies into node_modules (${installed() === '' ? 'first run' : 'the lock changed'}) …`,
  );
  const started = Date.now();
  // No install script is needed by any of them: koffi and esbuild carry their binaries in packages of their own.
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.error || result.status !== 0) return false;
  writeFileSync(stamp, locked);
  say(`Installed in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
  return true;
}

/**
 * Waits until no other launch installs; returns what ends our turn. The turn is a folder with one file, which is named
 * after its process. It comes by a rename, which fails while another's file is in the way; only a file whose process
 * is gone is taken out of it, by name, so that two who find the same dead one cannot take away each other's.
 */
function takeTurn() {
  const turn = join(root, '.build', 'installing');
  const ours = `${turn}-${process.pid}`;
  const name = processName(process.pid);
  rmSync(ours, { recursive: true, force: true });
  mkdirSync(ours, { recursive: true });
  writeFileSync(join(ours, name), '');
  for (let waits = 0; !attempt(() => renameSync(ours, turn), 'ENOTEMPTY', 'EEXIST'); waits += 1) {
    const holders = existsSync(turn) ? readdirSync(turn) : [];
    const living = holders.filter((one) => processName(one.split('-')[0]) === one);
    for (const one of holders) if (!living.includes(one)) attempt(() => unlinkSync(join(turn, one)), 'ENOENT');
    if (living.length === 0) continue;
    if (waits === 0) say(`Waiting for process ${living[0].split('-')[0]}, which installs the npm dependencies …`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  return () => {
    attempt(() => unlinkSync(join(turn, name)), 'ENOENT');
    attempt(() => rmdirSync(turn), 'ENOENT', 'ENOTEMPTY');
  };
}

/** Pid and start time, since pids are used again; undefined when there is no such process. */
function processName(pid) {
  try {
    const [, after] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?!.*\) )/s);
    return `${pid}-${after.split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

function attempt(work, ...expected) {
  try {
    work();
    return true;
  } catch (error) {
    if (expected.includes(error.code)) return false;
    throw error;
  }
}
