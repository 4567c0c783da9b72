/**
 * The frame on the agent's socket, as bytes. It carries a request and its reply between a plugin that knows no JSON and
 * the agent; it must never look into what it carries. Architecture: "Names and numbers".
 *
 *   request: "BLC1" | u32 LE length of the rest | NAME=value NUL … | NUL | raw stdin
 *   reply:   u32 LE length of the output | u32 LE exit code | raw output
 */
import { CodedError } from '../core/errors/coded-error.ts';

export const MAGIC = 'BLC1';
export const REQUEST_HEADER_BYTES = 8;
export const REPLY_HEADER_BYTES = 8;
/** A network configuration with its previous result is some KB; what is larger is no CNI request. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
export const MAX_REPLY_BYTES = 4 * 1024 * 1024;
const MAX_VARIABLES = 64;

export interface RequestFrame {
  /** The `CNI_…` variables of the plugin's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
}

export interface ReplyFrame {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
}

export function encodeRequest({ environment, stdin }: RequestFrame): Uint8Array {
  const strings = Object.entries(environment).map(([name, value]) => `${name}=${value}\0`);
  const variables = Buffer.from(`${strings.join('')}\0`, 'utf8');
  const frame = Buffer.alloc(REQUEST_HEADER_BYTES + variables.length + stdin.length);
  frame.write(MAGIC, 0, 'latin1');
  frame.writeUInt32LE(variables.length + stdin.length, 4);
  frame.set(variables, REQUEST_HEADER_BYTES);
  frame.set(stdin, REQUEST_HEADER_BYTES + variables.length);
  return frame;
}

/**
 * How long the frame that begins with `received` is in all; undefined while its header has not come whole. Throws
 * frame-invalid as soon as the bytes cannot become a frame, so that a stranger is not waited for.
 */
export function requestLength(received: Uint8Array): number | undefined {
  const bytes = Buffer.from(received.buffer, received.byteOffset, received.byteLength);
  const start = bytes.toString('latin1', 0, Math.min(bytes.length, MAGIC.length));
  if (!MAGIC.startsWith(start)) throw invalid(`it begins with ${JSON.stringify(start)} and not with ${MAGIC}`);
  if (bytes.length < REQUEST_HEADER_BYTES) return undefined;
  const length = bytes.readUInt32LE(4);
  if (length > MAX_REQUEST_BYTES) throw invalid(`a request of ${length} bytes is above ${MAX_REQUEST_BYTES}`);
  return REQUEST_HEADER_BYTES + length;
}

/** Reads a whole request. */
export function decodeRequest(frame: Uint8Array): RequestFrame {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (requestLength(bytes) !== bytes.length) throw invalid(`it has ${bytes.length} bytes and announces another length`);
  const environment: Record<string, string> = {};
  let offset = REQUEST_HEADER_BYTES;
  for (let count = 0; ; count++) {
    const end = bytes.indexOf(0, offset);
    if (end < 0) throw invalid('its variables do not end');
    if (end === offset) return { environment, stdin: bytes.subarray(end + 1) };
    if (count === MAX_VARIABLES) throw invalid(`it has more than ${MAX_VARIABLES} variables`);
    const text = bytes.toString('utf8', offset, end);
    const equals = text.indexOf('=');
    if (!text.startsWith('CNI_') || equals < 0) throw invalid(`"${text.slice(0, 40)}" is no CNI variable`);
    environment[text.slice(0, equals)] = text.slice(equals + 1);
    offset = end + 1;
  }
}

export function encodeReply({ exitCode, stdout }: ReplyFrame): Uint8Array {
  const frame = Buffer.allocUnsafe(REPLY_HEADER_BYTES + stdout.length);
  frame.writeUInt32LE(stdout.length, 0);
  frame.writeUInt32LE(exitCode, 4);
  frame.set(stdout, REPLY_HEADER_BYTES);
  return frame;
}

/** undefined while the reply has not come whole; throws frame-invalid when it never can. */
export function decodeReply(received: Uint8Array): ReplyFrame | undefined {
  const bytes = Buffer.from(received.buffer, received.byteOffset, received.byteLength);
  if (bytes.length < REPLY_HEADER_BYTES) return undefined;
  const length = bytes.readUInt32LE(0);
  const exitCode = bytes.readUInt32LE(4);
  if (length > MAX_REPLY_BYTES || exitCode > 255)
    throw invalid(`a reply of ${length} bytes with exit code ${exitCode}`);
  if (bytes.length < REPLY_HEADER_BYTES + length) return undefined;
  return { exitCode, stdout: bytes.subarray(REPLY_HEADER_BYTES, REPLY_HEADER_BYTES + length) };
}

const invalid = (detail: string): CodedError => new CodedError('frame-invalid', { detail });
