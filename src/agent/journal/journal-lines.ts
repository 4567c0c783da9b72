/**
 * The journal's lines as text: `crc32 json`. Losing the process in the middle of a write leaves a torn last line, which
 * is dropped; a damaged line before the end means that something else wrote here, and the journal is refused.
 */
import { crc32 } from 'node:zlib';

import { isIpv4 } from '../../core/address/ip.ts';
import { formatIpv6, type Ipv6, ipv6 } from '../../core/address/ipv6.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import type { JournalEntry } from './journal.ts';

/** The machine's life that a journal belongs to: after a boot, or in another namespace, its links do not exist. */
export interface JournalHeader {
  readonly version: 1;
  readonly bootId: string;
  /** Of the agent's own network namespace. */
  readonly netns: string;
}

export const encodeLine = (value: JournalHeader | JournalEntry): string => {
  // A function that is asked about every value makes it four times as slow.
  const json = hasIpv6(value) ? JSON.stringify(value, written) : JSON.stringify(value);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
};

export interface DecodedJournal {
  /** undefined when the file is empty or torn before its first line was whole. */
  readonly header: JournalHeader | undefined;
  readonly entries: readonly JournalEntry[];
  /** How much of the text is whole; the rest is the torn end. */
  readonly wholeLength: number;
}

export function decodeLines(text: string): DecodedJournal {
  const values: unknown[] = [];
  let wholeLength = 0;
  while (wholeLength < text.length) {
    const newline = text.indexOf('\n', wholeLength);
    if (newline < 0) break;
    const value = decodeLine(text.slice(wholeLength, newline));
    if (value === undefined) {
      if (newline + 1 < text.length) throw new CodedError('journal-invalid', { detail: `line ${values.length + 1}` });
      break;
    }
    values.push(value);
    wholeLength = newline + 1;
  }
  const [header, ...entries] = values;
  // The checksum vouches for the shape: only this program writes such lines.
  return { header: header as JournalHeader | undefined, entries: entries as JournalEntry[], wholeLength };
}

function decodeLine(line: string): unknown {
  const json = line.slice(9);
  if (line.slice(0, 9) !== `${crc32(json).toString(16).padStart(8, '0')} `) return undefined;
  return JSON.parse(json, read);
}

function hasIpv6(value: JournalHeader | JournalEntry): boolean {
  if (!('kind' in value)) return false;
  if (value.kind === 'reserved') return !isIpv4(value.attachment.address);
  return value.kind === 'idle' && !isIpv4(value.address);
}

/** IPv4 addresses are numbers, IPv6 ones text: JSON has no integers of their size. */
const written = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? formatIpv6(value as Ipv6) : value);
const read = (key: string, value: unknown): unknown =>
  (key === 'address' || key === 'nodeAddress') && typeof value === 'string' ? ipv6(value) : value;
