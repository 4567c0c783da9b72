/** Neighbour entries, permanent ones only: RTM_*NEIGH messages. */
import type { Ip } from '../../core/address/ip.ts';
import { macBytes, type Mac } from '../../core/address/mac.ts';
import { flags } from '../netlink/answer.ts';
import { MessageWriter } from '../netlink/writer.ts';
import { familyNumber, familyOf, ipBytes } from '../netlink/ip.ts';
import { rtm } from './numbers.ts';

const attribute = { address: 1, mac: 2 } as const;
const PERMANENT = 0x80;

interface Neighbour {
  readonly index: number;
  readonly address: Ip;
}
function write(head: { readonly type: number; readonly flags: number }, { index, address }: Neighbour): MessageWriter {
  const writer = new MessageWriter(head);
  writer.u8(familyNumber[familyOf(address)]).u8(0).u16(0).u32(index).u16(PERMANENT).u8(0).u8(0);
  return writer.bytes(attribute.address, ipBytes(address));
}

export const replaceNeighbour = (neighbour: Neighbour & { readonly mac: Mac }): Uint8Array =>
  write({ type: rtm.newNeighbour, flags: flags.request | flags.ack | flags.create | flags.replace }, neighbour)
    .bytes(attribute.mac, macBytes(neighbour.mac))
    .finish();

export const deleteNeighbour = (neighbour: Neighbour): Uint8Array =>
  write({ type: rtm.deleteNeighbour, flags: flags.request | flags.ack }, neighbour).finish();
