/** Prefixes (CIDR blocks) of either family. What planning does with them stands in `prefix-space.ts`. */
import { type Ip, compareIps, formatIp, isIpv4, next } from './ip.ts';
import { type Ipv4, type Parsed, parseIpv4, refused } from './ipv4.ts';
import { type Ipv6, parseIpv6 } from './ipv6.ts';

/** A network and its length; no bit is set beyond the length. */
export interface Prefix4 {
  readonly base: Ipv4;
  readonly length: number;
}

/** As {@link Prefix4}, up to a length of 128. */
export interface Prefix6 {
  readonly base: Ipv6;
  readonly length: number;
}

export type Prefix = Prefix4 | Prefix6;

export const isPrefix4 = (prefix: Prefix): prefix is Prefix4 => isIpv4(prefix.base);

export const prefixSize = (prefix: Prefix4): number => 2 ** (32 - prefix.length);

const networkOf4 = (address: Ipv4, length: number): Ipv4 => {
  const size = 2 ** (32 - length);
  return (Math.floor(address / size) * size) as Ipv4;
};

const networkOf6 = (address: Ipv6, length: number): Ipv6 => {
  const hostBits = BigInt(128 - length);
  return ((address >> hostBits) << hostBits) as Ipv6;
};

/**
 * `10.0.0.0/16`; a bit beyond the length is refused, since `10.0.0.1/16` is more often a slip than a wish.
 * EC2 itself canonicalises such input: use {@link parsePrefix4Loosely} for what EC2 accepts.
 */
export function parsePrefix4(text: string): Parsed<Prefix4> {
  const split = splitPrefix(text, 32);
  return split.ok ? strictly(text, parseIpv4(split.value.address), parsePrefix4Loosely(text)) : split;
}

/** `2001:db8::/56`; strict as {@link parsePrefix4}. */
export function parsePrefix6(text: string): Parsed<Prefix6> {
  const split = splitPrefix(text, 128);
  return split.ok ? strictly(text, parseIpv6(split.value.address), parsePrefix6Loosely(text)) : split;
}

function strictly<P extends Prefix>(text: string, address: Parsed<Ip>, loose: Parsed<P>): Parsed<P> {
  if (!loose.ok || !address.ok || address.value === loose.value.base) return loose;
  return refused(`"${text}" has bits set beyond its length; the network is ${formatPrefix(loose.value)}`);
}

/** As {@link parsePrefix4}, but clears the bits beyond the length, as EC2 does with every range it is given. */
export function parsePrefix4Loosely(text: string): Parsed<Prefix4> {
  const split = splitPrefix(text, 32);
  if (!split.ok) return split;
  const { address, length } = split.value;
  const parsed = parseIpv4(address);
  return parsed.ok ? { ok: true, value: { base: networkOf4(parsed.value, length), length } } : parsed;
}

/** As {@link parsePrefix6}, but clears the bits beyond the length. */
export function parsePrefix6Loosely(text: string): Parsed<Prefix6> {
  const split = splitPrefix(text, 128);
  if (!split.ok) return split;
  const { address, length } = split.value;
  const parsed = parseIpv6(address);
  return parsed.ok ? { ok: true, value: { base: networkOf6(parsed.value, length), length } } : parsed;
}

function splitPrefix(text: string, most: 32 | 128): Parsed<{ address: string; length: number }> {
  const slash = text.indexOf('/');
  if (slash < 0) return refused(`"${text}" has no prefix length; a single address is written with /${most}`);
  const length = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > most) {
    return refused(`"${length}" in "${text}" is not a prefix length from 0 to ${most}`);
  }
  return { ok: true, value: { address: text.slice(0, slash), length: Number(length) } };
}

export const parsePrefix = (text: string): Parsed<Prefix> =>
  text.includes(':') ? parsePrefix6(text) : parsePrefix4(text);

export const parsePrefixLoosely = (text: string): Parsed<Prefix> =>
  text.includes(':') ? parsePrefix6Loosely(text) : parsePrefix4Loosely(text);

const orThrow = <T>(parsed: Parsed<T>): T => {
  if (!parsed.ok) throw new RangeError(parsed.reason);
  return parsed.value;
};

/** For literals and values that were validated at their edge; these throw a RangeError otherwise. */
export const prefix4 = (text: string): Prefix4 => orThrow(parsePrefix4(text));
export const prefix6 = (text: string): Prefix6 => orThrow(parsePrefix6(text));
export const prefix = (text: string): Prefix => orThrow(parsePrefix(text));

export const formatPrefix = (prefix: Prefix): string => `${formatIp(prefix.base)}/${prefix.length}`;
export const formatPrefix4: (prefix: Prefix4) => string = formatPrefix;

export const hostPrefix4 = (address: Ipv4): Prefix4 => ({ base: address, length: 32 });

export const hostPrefix = (address: Ip): Prefix =>
  isIpv4(address) ? hostPrefix4(address) : { base: address, length: 128 };

/** An address of the other family is in no prefix: 0.0.0.0/0 holds no IPv6 address. */
export function containsAddress(prefix: Prefix, address: Ip): boolean {
  if (isPrefix4(prefix)) return isIpv4(address) && networkOf4(address, prefix.length) === prefix.base;
  return !isIpv4(address) && networkOf6(address, prefix.length) === prefix.base;
}

export const containsPrefix = (outer: Prefix, inner: Prefix): boolean =>
  inner.length >= outer.length && containsAddress(outer, inner.base);

export const overlaps = (a: Prefix, b: Prefix): boolean => containsPrefix(a, b) || containsPrefix(b, a);

export function lastAddress(prefix: Prefix): Ip {
  if (isPrefix4(prefix)) return (prefix.base + prefixSize(prefix) - 1) as Ipv4;
  return (prefix.base + (1n << BigInt(128 - prefix.length)) - 1n) as Ipv6;
}

/** By base, the wider first. */
export const comparePrefixes = (a: Prefix, b: Prefix): number => compareIps(a.base, b.base) || a.length - b.length;

/** The address `index` places after the base; the caller keeps `index` below {@link prefixSize}. */
export const addressAt = (prefix: Prefix4, index: number): Ipv4 => (prefix.base + index) as Ipv4;

/** Every address of the prefix in order, without materialising the list. */
export function addressesOf(prefix: Prefix4): Generator<Ipv4>;
export function addressesOf(prefix: Prefix): Generator<Ip>;
export function* addressesOf(prefix: Prefix): Generator<Ip> {
  const last = lastAddress(prefix);
  for (let address = prefix.base; address <= last; address = next(address)) yield address;
}
