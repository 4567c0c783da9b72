/** MAC addresses as branded lower-case text: `06:1b:2c:3d:4e:5f`. */
import { type Parsed, refused } from './ipv4.ts';

declare const macBrand: unique symbol;
export type Mac = string & { readonly [macBrand]: true };

export function parseMac(text: string): Parsed<Mac> {
  const lower = text.toLowerCase();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(lower)) return refused(`"${text}" is not six hex octets with colons`);
  return { ok: true, value: lower as Mac };
}

/** For literals and values that were validated at their edge; throws a RangeError otherwise. */
export function mac(text: string): Mac {
  const parsed = parseMac(text);
  if (!parsed.ok) throw new RangeError(parsed.reason);
  return parsed.value;
}

// Loops, and no arrays in between: a pod that comes has some ten of these written and read.

export function macBytes(address: Mac): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let at = 0; at < 6; at++) bytes[at] = Number.parseInt(address.slice(3 * at, 3 * at + 2), 16);
  return bytes;
}

export function formatMac(bytes: Uint8Array): Mac {
  let text = '';
  for (const octet of bytes) text += `${text === '' ? '' : ':'}${octet < 16 ? '0' : ''}${octet.toString(16)}`;
  return text as Mac;
}
