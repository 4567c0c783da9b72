/** Builds the small Go programs that tests and benchmarks call: what is published in Go is best called from Go. */
import { spawnSync } from 'node:child_process';

/** undefined where there is none: the lab fetches one when it needs it, tests that want it are skipped. */
export const findGo = (): string | undefined =>
  ['go', '/usr/local/go/bin/go'].find((go) => spawnSync(go, ['version']).status === 0);

/** Writes the executable of the module in `folder` to `out`; throws with Go's own words. */
export function buildGo(folder: string, out: string): void {
  const go = findGo();
  if (go === undefined) throw new Error(`no Go found to build ${folder}: install it from https://go.dev/dl`);
  const { status, stderr } = spawnSync(go, ['build', '-o', out, '.'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${folder} could not be built:\n${stderr}`);
}
