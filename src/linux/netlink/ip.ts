/** IP addresses of either family in messages. */
import { type Ip, isIpv4 } from '../../core/address/ip.ts';
import { type Ipv4, ipv4Bytes } from '../../core/address/ipv4.ts';
import { type Ipv6, ipv6Bytes } from '../../core/address/ipv6.ts';
import type { Prefix } from '../../core/address/prefix.ts';
import type { Attributes } from './reader.ts';
import type { Family } from '../port.ts';

/** `AF_INET` and `AF_INET6`. */
export const familyNumber: Readonly<Record<Family, number>> = { ipv4: 2, ipv6: 10 };
export const familyOf = (address: Ip): Family => (isIpv4(address) ? 'ipv4' : 'ipv6');

export const ipBytes = (address: Ip): Uint8Array => (isIpv4(address) ? ipv4Bytes(address) : ipv6Bytes(address));

/** undefined for what is neither four nor sixteen bytes long. */
export function ipFromBytes(bytes: Buffer | undefined): Ip | undefined {
  if (bytes?.length === 4) return bytes.readUInt32BE(0) as Ipv4;
  if (bytes?.length === 16) return ((bytes.readBigUInt64BE(0) << 64n) | bytes.readBigUInt64BE(8)) as Ipv6;
  return undefined;
}

export const readIp = (attributes: Attributes, type: number): Ip | undefined => ipFromBytes(attributes.get(type));

/** The kernel leaves the address away where the length is 0; undefined for half a prefix. */
export function readPrefix(base: Ip | undefined, length: number, family: number): Prefix | undefined {
  const value = base ?? (length > 0 ? undefined : family === familyNumber.ipv4 ? (0 as Ipv4) : (0n as Ipv6));
  if (value === undefined || length > (isIpv4(value) ? 32 : 128)) return undefined;
  return isIpv4(value) ? { base: value, length } : { base: value, length };
}
