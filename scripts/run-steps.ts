/** Runs named commands one after the other and says how long each took; the first failure ends the run. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const root: string = join(import.meta.dirname, '..');
const bin = (path: string): string => join(root, 'node_modules', path);

export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** A tool that is a Node program, run by this very Node. */
export const nodeStep = (name: string, program: string, ...args: string[]): Step => ({
  name,
  command: process.execPath,
  args: [
    '--disable-warning=ExperimentalWarning',
    program.startsWith('scripts/') ? join(root, program) : bin(program),
    ...args,
  ],
});

export function runSteps(steps: readonly Step[]): void {
  for (const { name, command, args } of steps) {
    const started = performance.now();
    const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
    if (error !== undefined) throw error;
    if (status !== 0) {
      console.error(`${name} failed`);
      process.exit(status ?? 1);
    }
    console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}
