/**
 * The journal on disk: appended to before the step that an entry announces, rewritten by rename when most of it is
 * history. It must never be opened twice at a time: the agent's lock sees to that.
 *
 * Nothing is synced: what was written outlives the process, and a crash of the machine is followed by a boot, after
 * which the journal is void, whatever is in it. A sync would cost an ADD more than all else together.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

import { compact, type JournalEntry, type JournalState, newJournal, record, replay } from './journal.ts';
import { decodeLines, encodeLine, type JournalHeader } from './journal-lines.ts';

export interface Journal {
  /** Changes with every append. */
  readonly state: JournalState;
  /** Returns when the entries would outlive the process; one write for all of them. */
  append(...entries: readonly JournalEntry[]): void;
  close(): void;
}

export interface JournalFileOptions {
  readonly path: string;
  /** Required: a journal with another header is void. */
  readonly header: JournalHeader;
  /** Default 1,000: entries beyond twice the live ones before the file is rewritten. */
  readonly slack?: number;
}

export function openJournal({ path, header, slack = 1000 }: JournalFileOptions): Journal {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const read = readJournal(path);
  const valid = read !== undefined && sameHeader(read.header, header);
  const state = valid ? replay(read.entries) : newJournal();
  let lines = 0;
  let closed = false;
  let fd: number;
  const rewrite = (): void => {
    const live = compact(state);
    const part = `${path}.new`;
    const next = openSync(part, 'w', 0o600);
    writeAll(next, [encodeLine(header), ...live.map(encodeLine)].join(''));
    renameSync(part, path);
    fd = next;
    lines = live.length;
  };
  if (valid) {
    fd = openSync(path, 'r+', 0o600);
    ftruncateSync(fd, read.wholeBytes);
    closeSync(fd);
    fd = openSync(path, 'a', 0o600);
    lines = read.entries.length;
  } else {
    rewrite();
  }
  return {
    state,
    append(...entries) {
      // Its descriptor's number may be another file's by now.
      if (closed) throw new Error('the journal is closed');
      writeAll(fd, entries.map(encodeLine).join(''));
      for (const entry of entries) record(state, entry);
      lines += entries.length;
      if (lines > slack + 2 * (2 * state.holdings.size + state.idleSince.size)) {
        closeSync(fd);
        rewrite();
      }
    },
    close() {
      closed = true;
      closeSync(fd);
    },
  };
}

function readJournal(path: string): (ReturnType<typeof decodeLines> & { wholeBytes: number }) | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const decoded = decodeLines(text);
    return { ...decoded, wholeBytes: Buffer.byteLength(text.slice(0, decoded.wholeLength)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const sameHeader = (a: JournalHeader | undefined, b: JournalHeader): boolean =>
  a?.version === b.version && a.bootId === b.bootId && a.netns === b.netns;

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
}
