/**
 * Finds Kubernetes' programs for this machine, and builds them where there are none: given by the user, from the cache,
 * or by Go from published modules. Each source is said; a build is the one wait of several minutes that a lab has.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { cacheDir } from './cache-dir.ts';
import { buildKubernetes } from './build-kubernetes.ts';
import { kubernetesPrograms } from './kubernetes-command.ts';

export interface EnsureKubernetesOptions {
  readonly say: (text: string) => void;
  /** Replaces what it said last. */
  readonly progress: (text: string) => void;
  readonly signal?: AbortSignal;
  /** Default: ours. */
  readonly env?: NodeJS.ProcessEnv;
}

const GIVEN_BINARIES = 'BRANCHLINE_KUBERNETES_BIN';

/** @returns for `kubernetesCommand`: the path of the one binary, or the folder of official ones that the user gave. */
export async function ensureKubernetes(options: EnsureKubernetesOptions): Promise<string> {
  const { say, env = process.env } = options;
  const given = env[GIVEN_BINARIES];
  if (given !== undefined && given !== '') {
    const missing = kubernetesPrograms.filter((program) => !existsSync(join(given, program)));
    if (missing.length > 0) throw new Error(`${GIVEN_BINARIES} is ${given}, which lacks ${missing.join(', ')}`);
    say(`Kubernetes: the binaries in ${given} (${GIVEN_BINARIES})`);
    return given;
  }
  const source = join(import.meta.dirname, 'kubernetes');
  const folder = join(cacheDir(env), 'kubernetes', cacheKey(source));
  const binary = join(folder, 'kubernetes');
  if (existsSync(binary)) {
    say(`Kubernetes: ${binary} (built before)`);
    return binary;
  }
  await buildKubernetes({ ...options, env, source, binary });
  return binary;
}

/** Names what is built and for what, as Go names platforms. */
function cacheKey(source: string): string {
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(source, file)));
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return `${hash.digest('hex').slice(0, 16)}-linux-${arch}`;
}
