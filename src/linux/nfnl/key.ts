/** Keys of set elements as the kernel compares them. */
import { macBytes } from '../../core/address/mac.ts';
import { lastAddress } from '../../core/address/prefix.ts';
import { ipBytes } from '../netlink/ip.ts';
import { align } from '../netlink/writer.ts';
import type { KeyPart, RangePart } from '../port.ts';

const NAME_SIZE = 16;

function partBytes(part: KeyPart): Uint8Array {
  switch (part.type) {
    case 'ipv4':
    case 'ipv6':
      return ipBytes(part.value);
    case 'mac':
      return macBytes(part.value);
    case 'protocol':
      return Uint8Array.of(part.value);
    case 'port':
      return portBytes(part.value);
    case 'ifname': {
      const name = Buffer.from(part.value);
      if (name.length >= NAME_SIZE) throw new RangeError(`"${part.value}" is longer than a link's name can be`);
      return Buffer.concat([name], NAME_SIZE);
    }
  }
}

const portBytes = (port: number): Uint8Array => Uint8Array.of(port >>> 8, port & 255);

/** First and last of what a part covers. */
function bounds(part: KeyPart | RangePart): readonly [Uint8Array, Uint8Array] {
  if (part.type === 'prefix') return [ipBytes(part.value.base), ipBytes(lastAddress(part.value))];
  if (part.type === 'ports') return [portBytes(part.from), portBytes(part.to)];
  const bytes = partBytes(part);
  return [bytes, bytes];
}

/** A single part stands as it is; parts of a concatenation are each padded to the size of registers. */
const join = (parts: readonly Uint8Array[]): Uint8Array =>
  parts.length === 1
    ? Buffer.concat(parts)
    : Buffer.concat(parts.map((bytes) => Buffer.concat([bytes], align(bytes.length))));

export interface KeyBytes {
  readonly first: Uint8Array;
  /** Of a key with a range in it, else undefined. */
  readonly last: Uint8Array | undefined;
  /** Whether the key has several parts: intervals of such sets are stored in another way. */
  readonly isConcatenation: boolean;
}

export function keyBytes(key: readonly (KeyPart | RangePart)[]): KeyBytes {
  if (key.length === 0) throw new RangeError('an element without a key');
  const all = key.map(bounds);
  const isRange = key.some(({ type }) => type === 'prefix' || type === 'ports');
  return {
    first: join(all.map(([first]) => first)),
    last: isRange ? join(all.map(([, last]) => last)) : undefined,
    isConcatenation: key.length > 1,
  };
}

/** The number after, in as many bytes; undefined after the highest. */
export function successor(bytes: Uint8Array): Uint8Array | undefined {
  const next = Uint8Array.from(bytes);
  for (let at = next.length - 1; at >= 0; at--) {
    const value = ((next[at] ?? 0) + 1) & 255;
    next[at] = value;
    if (value !== 0) return next;
  }
  return undefined;
}
