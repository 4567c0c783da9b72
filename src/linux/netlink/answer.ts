/** What the kernel answers to a request: zero or more messages, then an acknowledgement or an error. */
import { decodeAttributes, type Decoded, malformed, type NetlinkMessage, text } from './reader.ts';
import { align, HEADER_SIZE } from './writer.ts';

export const control = { error: 2, done: 3 } as const;
export const flags = {
  request: 0x1,
  ack: 0x4,
  echo: 0x8,
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;
const CAPPED = 0x100;
const HAS_TEXT = 0x200;
const ATTRIBUTE_TEXT = 1;

/** 0 is success. */
export interface Outcome {
  readonly errno: number;
  /** The kernel's extended text, often empty. */
  readonly text: string;
}

/**
 * Of an NLMSG_ERROR message: the number, the header of the request, the rest of the request unless capped, attributes.
 * The end of a dump has the number, and attributes at once.
 */
export function decodeOutcome({ type, flags: own, payload }: NetlinkMessage): Decoded<Outcome> {
  if (type === control.done && payload.length === 0) return { ok: true, value: { errno: 0, text: '' } };
  const start = type === control.done ? 4 : 4 + HEADER_SIZE;
  if (payload.length < start) return malformed(`an outcome of ${payload.length} bytes`);
  const errno = -payload.readInt32LE(0);
  if (errno < 0) return malformed(`an outcome of ${-errno}`);
  if ((own & HAS_TEXT) === 0) return { ok: true, value: { errno, text: '' } };
  const rest = type === control.done || (own & CAPPED) !== 0 ? 0 : Math.max(0, payload.readUInt32LE(4) - HEADER_SIZE);
  const attributes = decodeAttributes(payload.subarray(start + align(rest)));
  return { ok: true, value: { errno, text: attributes.ok ? (text(attributes.value, ATTRIBUTE_TEXT) ?? '') : '' } };
}
