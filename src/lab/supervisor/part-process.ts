/** One process of a lab: in the registry before it runs, in a session of its own, with a log that outlives it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

import { announcedCommand } from './registry.ts';

export interface PartProcessOptions {
  readonly runDir: string;
  readonly name: string;
  readonly argv: readonly string[];
  /** Added to ours. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
  /** Whether the first line that it prints is also given. */
  readonly announces: boolean;
}

export interface PartProcess {
  /** 0 where it could not be started. */
  readonly pid: number;
  /** Never resolves where the process does not announce, or ends before. */
  readonly firstLine: Promise<string>;
  /** How it ended, as the end of a sentence: “ended with 1”, “was ended by SIGKILL”. */
  readonly ended: Promise<string>;
}

export function startPartProcess({ runDir, name, argv, env, log, announces }: PartProcessOptions): PartProcess {
  const output = openSync(log, 'a');
  const [program = '', ...args] = announcedCommand(runDir, { name, argv });
  // A session of its own: Ctrl-C at the terminal is for us alone, and we end the parts in order.
  const child = spawn(program, args, {
    detached: true,
    cwd: '/',
    env: { ...process.env, ...env },
    stdio: ['ignore', announces ? 'pipe' : output, output],
  });
  closeSync(output);
  child.unref();
  return { pid: child.pid ?? 0, firstLine: readFirstLine(child, log), ended: whenEnded(child) };
}

const whenEnded = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.on('error', (error) => resolve(`could not be started (${error.message})`));
    child.on('exit', (code, signal) => resolve(signal === null ? `ended with ${code}` : `was ended by ${signal}`));
  });

function readFirstLine({ stdout }: ChildProcess, logPath: string): Promise<string> {
  if (stdout === null) return new Promise(() => undefined);
  const log = openSync(logPath, 'a');
  return new Promise((resolve) => {
    let text = '';
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      writeSync(log, chunk);
      if (text.includes('\n')) return;
      text += chunk;
      const [line, ...more] = text.split('\n');
      if (line !== undefined && more.length > 0) resolve(line);
    });
    stdout.on('close', () => closeSync(log));
  });
}

const TAIL_LINES = 12;

export function logTail(path: string): string {
  try {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES);
    return lines.map((line) => `  ${line.slice(0, 400)}`).join('\n');
  } catch {
    return '  (it has written nothing)';
  }
}
