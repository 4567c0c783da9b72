/** IPv4 addresses as branded 32-bit numbers. */

declare const ipv4Brand: unique symbol;
/** An IPv4 address, 0 … 2³²−1, most significant octet first. */
export type Ipv4 = number & { readonly [ipv4Brand]: true };

/** Why a text is no address; the sentence names what is wrong with it. */
export interface NotAnAddress {
  readonly ok: false;
  readonly reason: string;
}
export type Parsed<T> = { readonly ok: true; readonly value: T } | NotAnAddress;

export const refused = (reason: string): NotAnAddress => ({ ok: false, reason });

/** Strict dotted decimal: four parts of 0 to 255, no leading zeros, no short forms (inet_aton's octal is refused). */
export function parseIpv4(text: string): Parsed<Ipv4> {
  const parts = text.split('.');
  if (parts.length !== 4) return refused(`"${text}" has ${parts.length} parts, an IPv4 address has four`);
  let value = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part))
      return refused(`"${part}" in "${text}" is not a decimal number of one to three digits`);
    if (part.length > 1 && part.startsWith('0')) {
      return refused(`"${part}" in "${text}" has a leading zero, which some programs read as octal`);
    }
    const octet = Number(part);
    if (octet > 255) return refused(`"${part}" in "${text}" is above 255`);
    value = value * 256 + octet;
  }
  return { ok: true, value: value as Ipv4 };
}

/** For literals and values that were validated at their edge; throws a RangeError otherwise. */
export function ipv4(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new RangeError(parsed.reason);
  return parsed.value;
}

export const formatIpv4 = (address: Ipv4): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** Network order, as the kernel and nftables want it. */
export const ipv4Bytes = (address: Ipv4): Uint8Array =>
  Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
