/** Reads netlink bytes. What is malformed is a value: nothing here throws, whatever the bytes. */
import { align, HEADER_SIZE } from './writer.ts';

export interface Malformed {
  readonly ok: false;
  readonly reason: string;
}
export type Decoded<T> = { readonly ok: true; readonly value: T } | Malformed;
export const malformed = (reason: string): Malformed => ({ ok: false, reason });

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** After the header. */
  readonly payload: Buffer;
}

/** One datagram may hold several messages. */
export function decodeMessages(datagram: Buffer): Decoded<readonly NetlinkMessage[]> {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < datagram.length;) {
    if (datagram.length - at < HEADER_SIZE) return malformed(`${datagram.length - at} bytes where a header should be`);
    const length = datagram.readUInt32LE(at);
    if (length < HEADER_SIZE || length > datagram.length - at)
      return malformed(`a message that claims ${length} bytes`);
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + HEADER_SIZE, at + length),
    });
    at += align(length);
  }
  return { ok: true, value: messages };
}

/** Flags of an attribute's type: nested, network byte order. */
const TYPE_MASK = 0x3fff;

/** By type; of several with one type the last counts, as in the kernel. */
export type Attributes = ReadonlyMap<number, Buffer>;

export function decodeAttributes(bytes: Buffer): Decoded<Attributes> {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 4) return malformed(`${bytes.length - at} bytes where an attribute should be`);
    const length = bytes.readUInt16LE(at);
    if (length < 4 || length > bytes.length - at) return malformed(`an attribute that claims ${length} bytes`);
    attributes.set(bytes.readUInt16LE(at + 2) & TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return { ok: true, value: attributes };
}

/** A payload of a fixed part of `size` bytes and attributes. */
export function decodeBody(
  payload: Buffer,
  size: number,
): Decoded<{ readonly fixed: Buffer; readonly attributes: Attributes }> {
  if (payload.length < size) return malformed(`${payload.length} bytes where ${size} and attributes should be`);
  const attributes = decodeAttributes(payload.subarray(align(size)));
  if (!attributes.ok) return attributes;
  return { ok: true, value: { fixed: payload.subarray(0, size), attributes: attributes.value } };
}

/** Those of an attribute that holds attributes; none where it is absent or malformed. */
export function nested(attributes: Attributes, type: number): Attributes {
  const bytes = attributes.get(type);
  const inner = bytes === undefined ? undefined : decodeAttributes(bytes);
  return inner?.ok === true ? inner.value : new Map<number, Buffer>();
}

export function number32(attributes: Attributes, type: number): number | undefined {
  const bytes = attributes.get(type);
  return bytes?.length === 4 ? bytes.readUInt32LE(0) : undefined;
}

export function text(attributes: Attributes, type: number): string | undefined {
  const bytes = attributes.get(type);
  if (bytes === undefined) return undefined;
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
