/** Addresses of either family; the family is the representation: numbers are IPv4, bigints IPv6. */
import { type Ipv4, type Parsed, formatIpv4, parseIpv4 } from './ipv4.ts';
import { type Ipv6, formatIpv6, parseIpv6 } from './ipv6.ts';

export type Ip = Ipv4 | Ipv6;

export const isIpv4 = (address: Ip): address is Ipv4 => typeof address === 'number';

export const parseIp = (text: string): Parsed<Ip> => (text.includes(':') ? parseIpv6(text) : parseIpv4(text));

/** For literals and values that were validated at their edge; throws a RangeError otherwise. */
export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new RangeError(parsed.reason);
  return parsed.value;
}

export const formatIp = (address: Ip): string => (isIpv4(address) ? formatIpv4(address) : formatIpv6(address));

/** IPv4 before IPv6, then by number: the order in which lists of records stand. */
export function compareIps(a: Ip, b: Ip): number {
  if (isIpv4(a) !== isIpv4(b)) return isIpv4(a) ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}

/** The caller knows that there is one. */
export const next = (address: Ip): Ip => (isIpv4(address) ? ((address + 1) as Ipv4) : ((address + 1n) as Ipv6));
