/**
 * Starts the parts of a lab as processes of their own, each with a log, and notices when one dies. What it starts is in
 * the registry before it runs; ending is `reap`'s, so that an orderly end and the one after `kill -9` are the same code.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { announcedCommand } from './registry.ts';

export interface PartSpec {
  /** Names its log and its entry in the registry. */
  readonly name: string;
  readonly argv: readonly string[];
  /** Added to ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default false: what it prints goes to its log alone. True: its first line is also given as {@link Part.firstLine}. */
  readonly announces?: boolean;
}

export interface Part {
  readonly pid: number;
  /** The first line that it prints, if it `announces`; rejects when a part dies or the lab ends before. */
  readonly firstLine: Promise<string>;
}

export interface Supervisor {
  start(spec: PartSpec): Part;
  /** Aborted, with the reason, when the first part dies or the lab ends: for whatever waits for a part. */
  readonly signal: AbortSignal;
  /** Gives up; harmless to repeat. From now on parts may end, and none starts. */
  end(reason: unknown): void;
}

export interface SupervisorOptions {
  readonly runDir: string;
  readonly logDir: string;
  /** Called for each part that dies before the end, with the last lines of its log. */
  readonly onDeath: (message: string) => void;
}

const TAIL_LINES = 12;

export function createSupervisor({ runDir, logDir, onDeath }: SupervisorOptions): Supervisor {
  mkdirSync(logDir, { recursive: true });
  const over = new AbortController();
  let ending = false;
  const logOf = (name: string): string => join(logDir, `${name}.log`);

  const died = (name: string, how: string): void => {
    if (ending) return;
    const message = `${name} ${how}; the end of ${logOf(name)}:\n${tail(logOf(name))}`;
    onDeath(message);
    over.abort(new Error(message));
  };

  return {
    signal: over.signal,
    end(reason) {
      ending = true;
      over.abort(reason);
    },
    start({ name, argv, env = {}, announces = false }) {
      if (ending) throw new Error(`${name} is not started any more: the lab is being taken away`);
      const log = openSync(logOf(name), 'a');
      const [program = '', ...args] = announcedCommand(runDir, { name, argv });
      // A session of its own: Ctrl-C at the terminal is for us alone, and we end the parts in order.
      const child = spawn(program, args, {
        detached: true,
        cwd: '/',
        env: { ...process.env, ...env },
        stdio: ['ignore', announces ? 'pipe' : log, log],
      });
      closeSync(log);
      child.on('error', (error) => died(name, `could not be started (${error.message})`));
      child.on('exit', (code, signal) => died(name, signal === null ? `ended with ${code}` : `was ended by ${signal}`));
      child.unref();
      const firstLine = Promise.race([readFirstLine(child, logOf(name)), whenAborted(over.signal)]);
      firstLine.catch(() => undefined);
      return { pid: child.pid ?? 0, firstLine };
    },
  };
}

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

/** Rejects with the signal's reason; never resolves. */
export const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });

function tail(path: string): string {
  try {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES);
    return lines.map((line) => `  ${line.slice(0, 400)}`).join('\n');
  } catch {
    return '  (it has written nothing)';
  }
}
