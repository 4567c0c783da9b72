/**
 * Runs a program that is to end when we do, however we end: with SIGKILL, too, and with all that it has started. For what
 * takes minutes and belongs to no lab, so that no registry tells a later start of it.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { RunOptions, RunResult } from './run.ts';

export interface RunBoundOptions extends Omit<RunOptions, 'input'> {
  /** Called with each line of its standard error as it comes. */
  readonly onErrorLine?: (line: string) => void;
}

/** Our end of the pipe closes with us, and then the process group goes. */
const SCRIPT = `"$@" 3<&- & program=$!
(read -r _ <&3; kill -KILL 0) & watcher=$!
wait "$program"; code=$?
kill "$watcher"
exit "$code"`;

/** As `run`, and rejects with the signal's reason when that ends it. */
export async function runBound(
  program: string,
  args: readonly string[],
  { cwd, env = process.env, signal, onErrorLine }: RunBoundOptions = {},
): Promise<RunResult> {
  signal?.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', program, ...args], {
    // A group of its own.
    detached: true,
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const [, output, errors, lifeline] = child.stdio;
  const end = (): void => void lifeline?.destroy();
  signal?.addEventListener('abort', end);
  // A program that ends closes it, too.
  lifeline?.on('error', () => undefined);
  const stdout: Buffer[] = [];
  const stderr: string[] = [];
  output?.on('data', (chunk: Buffer) => stdout.push(chunk));
  if (errors !== null) {
    createInterface({ input: errors }).on('line', (line) => {
      stderr.push(line);
      onErrorLine?.(line);
    });
  }
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    signal?.throwIfAborted();
    return { stdout: Buffer.concat(stdout).toString(), stderr: stderr.join('\n'), code: code ?? 128 };
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}
