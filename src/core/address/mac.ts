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

export const macBytes = (address: Mac): Uint8Array =>
  Uint8Array.from(address.split(':'), (octet) => Number.parseInt(octet, 16));

export const formatMac = (bytes: Uint8Array): Mac =>
  Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':') as Mac;
