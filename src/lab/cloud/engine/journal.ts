/**
 * The state on disk: one line a commit, appended before the call is answered, so that a restart carries on where the
 * last answer was. A torn last line is one that nobody was answered for. It is rewritten when most of it is history.
 * Not synced to the disk itself: a lab does not outlive its machine.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { type Change, State } from '../state/draft.ts';
import { tableNames } from '../state/tables.ts';

const FORMAT = 1;
const header = `${JSON.stringify({ format: FORMAT })}\n`;

export interface Journal {
  readonly state: State;
  /** On disk when it returns, and then in {@link state}. */
  commit(changes: readonly Change[]): void;
  close(): void;
}

export interface JournalOptions {
  /** undefined: the state lives in memory only. */
  readonly dir: string | undefined;
  /** Default 2,000: lines beyond the number of things that exist before the file is rewritten. */
  readonly slack?: number;
}

export function openJournal({ dir, slack = 2000 }: JournalOptions): Journal {
  const state = new State();
  if (dir === undefined) return { state, commit: (changes) => state.commit(changes), close: () => undefined };

  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'cloud.jsonl');
  for (const changes of readLines(path)) state.commit(changes);
  let lines = 0;
  let fd = -1;
  const rewrite = (): void => {
    const whole = [...snapshot(state)].map((change) => encode([change]));
    writeFileSync(`${path}.new`, header + whole.join(''), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    if (fd >= 0) closeSync(fd);
    fd = openSync(path, 'a');
    lines = 0;
  };
  rewrite();
  return {
    state,
    commit(changes) {
      if (changes.length === 0) return;
      const bytes = Buffer.from(encode(changes));
      for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
      state.commit(changes);
      lines++;
      if (lines > slack + state.size) rewrite();
    },
    close: () => closeSync(fd),
  };
}

const encode = (changes: readonly Change[]): string => `${JSON.stringify(changes)}\n`;

function* snapshot(state: State): Generator<Change> {
  for (const table of tableNames) {
    for (const value of state.all(table)) yield { table, id: value.id, value } as Change;
  }
}

function readLines(path: string): readonly (readonly Change[])[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const [first = '', ...lines] = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  if (`${first}\n` !== header) throw new Error(`${path} is not a journal of this version; remove it to begin anew`);
  return lines.map((line) => JSON.parse(line) as readonly Change[]);
}
