/**
 * Starts the parts of a lab as processes of their own, each with a log, notices when one dies, and does to one what a
 * user asks: kill, pause, resume, start again. What they leave is `reap`'s, so that an orderly end and the one after
 * `kill -9` are the same code.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { CodedError } from '../../core/errors/coded-error.ts';
import { logTail, startPartProcess } from './part-process.ts';

export interface PartSpec {
  /** Names its log and its entry in the registry. One that is running must not be started again. */
  readonly name: string;
  /** A function where it must be worked out anew at each start. */
  readonly argv: readonly string[] | (() => readonly string[]);
  /** Added to ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default false: what it prints goes to its log alone. True: its first line is also given as {@link Part.firstLine}. */
  readonly announces?: boolean;
  /** Resolves when it serves; for whoever starts it again. Default: when it has announced, or at once. */
  readonly whenServing?: (signal: AbortSignal) => Promise<unknown>;
  /** Default false. True: it only holds namespaces, and is no part that a user would know. */
  readonly hidden?: boolean;
}

export interface Part {
  readonly pid: number;
  /** The first line that it prints, if it `announces`; rejects when it dies or the lab ends before. */
  readonly firstLine: Promise<string>;
  /** Aborted, with the reason, when it dies or the lab ends: for whatever waits for this part. */
  readonly signal: AbortSignal;
}

export interface PartStatus {
  readonly name: string;
  readonly state: 'running' | 'paused' | 'dead';
  readonly pid: number;
  /** When it came into this state; ms since 1970. */
  readonly sinceMs: number;
  /** Path of its log. */
  readonly log: string;
  /** Of a dead one: how it ended. */
  readonly end?: string;
}

export interface Supervisor {
  start(spec: PartSpec): Part;
  /** In the order of their first start. */
  parts(): readonly PartStatus[];
  /** SIGKILL; resolves when it is gone. */
  kill(name: string): Promise<void>;
  /** SIGSTOP, until {@link resume}. */
  pause(name: string): void;
  resume(name: string): void;
  /** A dead one, as it was started before; resolves when it serves, where that can be told. */
  startAgain(name: string): Promise<void>;
  /** From now on these parts may end, and are not among {@link parts}. */
  forget(isMeant: (name: string) => boolean): void;
  /** Aborted, with the reason, when the lab ends. */
  readonly signal: AbortSignal;
  /** Gives up; harmless to repeat. From now on parts end, and none starts. */
  end(reason: unknown): void;
}

export interface SupervisorOptions {
  readonly runDir: string;
  readonly logDir: string;
  /** Default: the machine's. */
  readonly now?: () => number;
  /** Called for each part that dies although nobody meant it to, with the last lines of its log. */
  readonly onDeath: (message: string) => void;
}

interface Entry {
  readonly spec: PartSpec;
  readonly pid: number;
  readonly gone: Promise<void>;
  status: PartStatus;
  meantToEnd: boolean;
}

export function createSupervisor({ runDir, logDir, onDeath, now = Date.now }: SupervisorOptions): Supervisor {
  mkdirSync(logDir, { recursive: true });
  const over = new AbortController();
  let ending = false;
  const entries = new Map<string, Entry>();
  const logOf = (name: string): string => join(logDir, `${name}.log`);

  const entryOf = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry === undefined) throw new CodedError('lab-part-unknown', { detail: name });
    return entry;
  };
  const inState = (name: string, ...states: readonly PartStatus['state'][]): Entry => {
    const entry = entryOf(name);
    const { state } = entry.status;
    if (!states.includes(state)) throw new CodedError('lab-part-state', { detail: `${name} is ${state}` });
    return entry;
  };
  const enter = (entry: Entry, state: PartStatus['state'], end?: string): void => {
    const { name, pid, log } = entry.status;
    entry.status = { name, pid, log, state, sinceMs: now(), ...(end === undefined ? {} : { end }) };
  };

  const start = (spec: PartSpec): Part => {
    const { name, argv, env = {}, announces = false } = spec;
    if (ending) throw new Error(`${name} is not started any more: the lab is being taken away`);
    const command = typeof argv === 'function' ? argv() : argv;
    const log = logOf(name);
    const { pid, firstLine, ended } = startPartProcess({ runDir, name, argv: command, env, log, announces });
    const death = new AbortController();
    const gone = ended.then((how) => {
      enter(entry, 'dead', how);
      const message = `${name} ${how}; the end of ${log}:\n${logTail(log)}`;
      if (!ending && !entry.meantToEnd) onDeath(message);
      death.abort(new Error(message));
    });
    const status: PartStatus = { name, state: 'running', pid, sinceMs: now(), log };
    const entry: Entry = { spec, pid, gone, status, meantToEnd: false };
    entries.set(name, entry);
    const signal = AbortSignal.any([over.signal, death.signal]);
    const line = Promise.race([firstLine, whenAborted(signal)]);
    line.catch(() => undefined);
    return { pid, firstLine: line, signal };
  };

  return {
    start,
    signal: over.signal,
    parts: () => [...entries.values()].filter(({ spec }) => spec.hidden !== true).map(({ status }) => status),
    async kill(name) {
      const entry = inState(name, 'running', 'paused');
      entry.meantToEnd = true;
      process.kill(entry.pid, 'SIGKILL');
      await entry.gone;
    },
    pause(name) {
      const entry = inState(name, 'running');
      process.kill(entry.pid, 'SIGSTOP');
      enter(entry, 'paused');
    },
    resume(name) {
      const entry = inState(name, 'paused');
      process.kill(entry.pid, 'SIGCONT');
      enter(entry, 'running');
    },
    async startAgain(name) {
      const { spec } = inState(name, 'dead');
      const { firstLine, signal } = start(spec);
      await (spec.whenServing?.(signal) ?? (spec.announces === true ? firstLine : undefined));
    },
    forget(isMeant) {
      for (const [name, entry] of entries) {
        if (!isMeant(name)) continue;
        entry.meantToEnd = true;
        entries.delete(name);
      }
    },
    end(reason) {
      ending = true;
      over.abort(reason);
      // One that was started a moment ago is not in the registry yet, and `reap` would not find it.
      for (const { pid, status } of [...entries.values()].toReversed()) {
        if (pid > 0 && status.state !== 'dead') kill(pid);
      }
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** Rejects with the signal's reason; never resolves. */
export const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
