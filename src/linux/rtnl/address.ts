/** Addresses of links: RTM_*ADDR messages. */
import type { Ip } from '../../core/address/ip.ts';
import { flags } from '../netlink/answer.ts';
import { decodeBody, type Decoded, malformed } from '../netlink/reader.ts';
import { MessageWriter } from '../netlink/writer.ts';
import type { Family } from '../port.ts';
import { familyNumber, familyOf, ipBytes, readIp } from '../netlink/ip.ts';
import { rtm, scope, size } from './numbers.ts';

const attribute = { address: 1, local: 2, flags: 8 } as const;
const flag = { noDad: 0x2, permanent: 0x80, noPrefixRoute: 0x200 } as const;

export interface AddressChange {
  readonly index: number;
  readonly address: Ip;
  readonly length: number;
  readonly scope?: 'global' | 'link' | undefined;
  readonly noPrefixRoute?: boolean | undefined;
  readonly noDad?: boolean | undefined;
}

function write(head: { readonly type: number; readonly flags: number }, change: AddressChange): Uint8Array {
  const writer = new MessageWriter(head);
  const own = familyNumber[familyOf(change.address)];
  writer
    .u8(own)
    .u8(change.length)
    .u8(0)
    .u8(scope[change.scope ?? 'global'])
    .u32(change.index);
  const bytes = ipBytes(change.address);
  writer.bytes(attribute.local, bytes).bytes(attribute.address, bytes);
  const noPrefixRoute = change.noPrefixRoute === true ? flag.noPrefixRoute : 0;
  const noDad = change.noDad === true ? flag.noDad : 0;
  return writer.number32(attribute.flags, flag.permanent | noPrefixRoute | noDad).finish();
}

export const replaceAddress = (change: AddressChange): Uint8Array =>
  write({ type: rtm.newAddress, flags: flags.request | flags.ack | flags.create | flags.replace }, change);

export const deleteAddress = (change: AddressChange): Uint8Array =>
  write({ type: rtm.deleteAddress, flags: flags.request | flags.ack }, change);

export const dumpAddresses = (family: Family): Uint8Array =>
  new MessageWriter({ type: rtm.getAddress, flags: flags.request | flags.dump })
    .u8(familyNumber[family])
    .u8(0)
    .u16(0)
    .u32(0)
    .finish();

export interface IndexedAddress {
  readonly index: number;
  readonly address: Ip;
  readonly length: number;
}

export function decodeAddress(payload: Buffer): Decoded<IndexedAddress> {
  const body = decodeBody(payload, size.address);
  if (!body.ok) return body;
  const { fixed, attributes } = body.value;
  const address = readIp(attributes, attribute.local) ?? readIp(attributes, attribute.address);
  if (address === undefined) return malformed('an address message without an address');
  return { ok: true, value: { index: fixed.readUInt32LE(4), address, length: fixed.readUInt8(1) } };
}
