/** Neighbour entries, of which only permanent ones are made: RTM_*NEIGH messages. */
import type { Ip } from '../../core/address/ip.ts';
import { formatMac, macBytes, type Mac } from '../../core/address/mac.ts';
import { flags } from '../netlink/answer.ts';
import { decodeBody, type Decoded, malformed } from '../netlink/reader.ts';
import { MessageWriter } from '../netlink/writer.ts';
import { familyNumber, familyOf, ipBytes, readIp } from '../netlink/ip.ts';
import type { Family } from '../port.ts';
import { rtm, size } from './numbers.ts';

const attribute = { address: 1, mac: 2 } as const;
const PERMANENT = 0x80;

interface NeighbourKey {
  readonly index: number;
  readonly address: Ip;
}
function write(
  head: { readonly type: number; readonly flags: number },
  { index, address }: NeighbourKey,
): MessageWriter {
  const writer = new MessageWriter(head);
  writer.u8(familyNumber[familyOf(address)]).u8(0).u16(0).u32(index).u16(PERMANENT).u8(0).u8(0);
  return writer.bytes(attribute.address, ipBytes(address));
}

export const replaceNeighbour = (neighbour: NeighbourKey & { readonly mac: Mac }): Uint8Array =>
  write({ type: rtm.newNeighbour, flags: flags.request | flags.ack | flags.create | flags.replace }, neighbour)
    .bytes(attribute.mac, macBytes(neighbour.mac))
    .finish();

export const deleteNeighbour = (neighbour: NeighbourKey): Uint8Array =>
  write({ type: rtm.deleteNeighbour, flags: flags.request | flags.ack }, neighbour).finish();

export const dumpNeighbours = (family: Family): Uint8Array =>
  new MessageWriter({ type: rtm.getNeighbour, flags: flags.request | flags.dump })
    .u8(familyNumber[family])
    .u8(0)
    .u16(0)
    .u32(0)
    .u16(0)
    .u8(0)
    .u8(0)
    .finish();

export interface IndexedNeighbour extends NeighbourKey {
  readonly mac: Mac | undefined;
  readonly permanent: boolean;
}

export function decodeNeighbour(payload: Buffer): Decoded<IndexedNeighbour> {
  const body = decodeBody(payload, size.neighbour);
  if (!body.ok) return body;
  const { fixed, attributes } = body.value;
  const address = readIp(attributes, attribute.address);
  if (address === undefined) return malformed('a neighbour without an address');
  const mac = attributes.get(attribute.mac);
  return {
    ok: true,
    value: {
      index: fixed.readUInt32LE(4),
      address,
      mac: mac?.length === 6 ? formatMac(mac) : undefined,
      permanent: (fixed.readUInt16LE(8) & PERMANENT) !== 0,
    },
  };
}
