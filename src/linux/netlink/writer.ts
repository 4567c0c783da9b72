/**
 * Writes one netlink message: a header, a fixed part, then attributes. Headers and numbers are in the machine's order,
 * which is little-endian wherever we run; what goes on a wire (addresses, ports, nft values) is big-endian.
 */
export const HEADER_SIZE = 16;
const NESTED = 0x8000;
const MAX_ATTRIBUTE = 0xffff;

export const align = (length: number): number => Math.ceil(length / 4) * 4;

/** Of Node's pool: memory of its own costs more than all that is written to it. */
const zeroed = (size: number): Buffer => Buffer.allocUnsafe(size).fill(0);

export interface MessageHead {
  readonly type: number;
  readonly flags: number;
}

export class MessageWriter {
  readonly #head: MessageHead;
  /** Zero beyond `#length`, so that padding needs no writing. */
  #bytes = zeroed(256);
  #length = HEADER_SIZE;

  constructor(head: MessageHead) {
    this.#head = head;
  }

  /** Of the message so far, by which callers keep below the limits of attributes. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#bytes.writeUInt8(value, this.#reserve(1));
    return this;
  }
  u16(value: number): this {
    const at = this.#reserve(2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }
  u16be(value: number): this {
    const at = this.#reserve(2);
    this.#bytes.writeUInt16BE(value, at);
    return this;
  }
  u32(value: number): this {
    const at = this.#reserve(4);
    this.#bytes.writeUInt32LE(value >>> 0, at);
    return this;
  }

  bytes(type: number, value: Uint8Array): this {
    const at = this.#attribute(type, value.length);
    this.#bytes.set(value, at);
    return this;
  }
  /** With the ending NUL that the kernel wants. */
  text(type: number, value: string): this {
    return this.bytes(type, Buffer.from(`${value}\0`));
  }
  number8(type: number, value: number): this {
    const at = this.#attribute(type, 1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }
  number16(type: number, value: number): this {
    const at = this.#attribute(type, 2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }
  number32(type: number, value: number): this {
    const at = this.#attribute(type, 4);
    this.#bytes.writeUInt32LE(value >>> 0, at);
    return this;
  }
  number32be(type: number, value: number): this {
    const at = this.#attribute(type, 4);
    this.#bytes.writeUInt32BE(value >>> 0, at);
    return this;
  }
  nest(type: number, body: () => void): this {
    const start = this.#length;
    this.#attribute(type | NESTED, 0);
    body();
    const length = this.#length - start;
    if (length > MAX_ATTRIBUTE) throw new RangeError(`an attribute of ${length} bytes; netlink takes ${MAX_ATTRIBUTE}`);
    this.#bytes.writeUInt16LE(length, start);
    return this;
  }

  /** The sequence number is left for the socket to write. */
  finish(): Uint8Array {
    this.#bytes.writeUInt32LE(this.#length, 0);
    this.#bytes.writeUInt16LE(this.#head.type, 4);
    this.#bytes.writeUInt16LE(this.#head.flags, 6);
    return this.#bytes.subarray(0, this.#length);
  }

  /** The length that is written excludes the padding. */
  #attribute(type: number, size: number): number {
    const at = this.#reserve(align(4 + size));
    this.#bytes.writeUInt16LE(4 + size, at);
    this.#bytes.writeUInt16LE(type, at + 2);
    return at + 4;
  }

  #reserve(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const larger = zeroed(2 * this.#length);
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    return at;
  }
}
