/**
 * Builds the one binary by Go: some minutes on two cores. Beside the target until it is whole, in a build cache of its
 * own that goes away; a second build of the same waits for the first.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { takeLock } from '../supervisor/lock.ts';
import { runBound } from '../supervisor/run-bound.ts';
import { ensureGo } from './ensure-go.ts';

export interface BuildKubernetesOptions {
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
  readonly signal?: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the Go module. */
  readonly source: string;
  /** To be made. */
  readonly binary: string;
}

const HALF_MADE = 'building-';
const VERSION = { git: 'v1.35.4', major: '1', minor: '35' } as const;

export async function buildKubernetes(options: BuildKubernetesOptions): Promise<void> {
  const { say, binary } = options;
  for (let told = false; ; told = true) {
    const lock = await takeLock(`build/${basename(dirname(binary))}`, { pid: process.pid, root: options.source });
    if ('release' in lock) {
      try {
        if (!existsSync(binary)) await build(options);
      } finally {
        await lock.release();
      }
      return;
    }
    if (!told) say(`Kubernetes: process ${lock.pid} is building it; waiting`);
    await delay(500, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

async function build({ say, progress, env, source, binary, ...rest }: BuildKubernetesOptions): Promise<void> {
  const signal = rest.signal === undefined ? {} : { signal: rest.signal };
  const folder = dirname(binary);
  mkdirSync(folder, { recursive: true });
  removeHalfMade(folder);
  const scratch = mkdtempSync(join(folder, HALF_MADE));
  const started = performance.now();
  try {
    const go = await ensureGo({ say, env, folder: scratch, ...signal });
    say('Kubernetes: building it from its Go modules, once for this machine; this takes some minutes …');
    progress('Kubernetes: downloading modules');
    const how = { cwd: source, env: { ...env, ...buildEnvironment(scratch) }, ...signal };
    const packages = await countPackages(go, how);
    let done = 0;
    const output = join(scratch, 'kubernetes');
    await goBuild(go, ['-o', output, '.'], {
      ...how,
      onPackage: () => progress(`Kubernetes: package ${++done} of ${packages}`),
    });
    renameSync(output, binary);
    say(`Kubernetes: built in ${Math.round((performance.now() - started) / 1000)} s, kept as ${binary}`);
  } finally {
    removeHalfMade(folder);
  }
}

/** Gigabytes; also those of builds that were killed. */
function removeHalfMade(folder: string): void {
  for (const entry of readdirSync(folder)) {
    // The compilers of a build that was ended may still be writing for a moment.
    if (entry.startsWith(HALF_MADE)) rmSync(join(folder, entry), { recursive: true, force: true, maxRetries: 20 });
  }
}

const buildEnvironment = (scratch: string): Readonly<Record<string, string>> => ({
  CGO_ENABLED: '0',
  GOFLAGS: '-mod=readonly',
  GOWORK: 'off',
  GOCACHE: join(scratch, 'cache'),
  GOTMPDIR: scratch,
});

interface GoOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Also downloads what is not there yet. */
async function countPackages(go: string, options: GoOptions): Promise<number> {
  const { stdout, stderr, code } = await runBound(go, ['list', '-deps', '.'], options);
  if (code !== 0) throw new Error(`Kubernetes’ Go modules cannot be had:\n${lastLines(stderr)}`);
  return stdout.split('\n').filter((line) => line !== '' && line !== 'unsafe').length;
}

async function goBuild(
  go: string,
  what: readonly string[],
  { onPackage, ...options }: GoOptions & { readonly onPackage: () => void },
): Promise<void> {
  const args = ['build', '-v', '-trimpath', '-ldflags', ldflags(), ...what];
  const said: string[] = [];
  const { code } = await runBound(go, args, {
    ...options,
    onErrorLine(line) {
      // Each package is named when its turn comes; anything else is trouble, and shown if it ends badly.
      if (/^[\w.\-/~]+$/.test(line)) onPackage();
      else said.push(line);
    },
  });
  if (code !== 0) throw new Error(`go build failed:\n${lastLines(said.join('\n'))}`);
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-15).join('\n');

function ldflags(): string {
  const values = { gitVersion: VERSION.git, gitMajor: VERSION.major, gitMinor: VERSION.minor };
  const settings = Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ['-s', '-w', ...settings].join(' ');
}
