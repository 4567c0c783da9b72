/** Routes: RTM_*ROUTE messages. */
import type { Ip } from '../../core/address/ip.ts';
import type { Prefix } from '../../core/address/prefix.ts';
import { flags } from '../netlink/answer.ts';
import { type Attributes, decodeBody, type Decoded, malformed, number32 } from '../netlink/reader.ts';
import { MessageWriter } from '../netlink/writer.ts';
import type { Family } from '../port.ts';
import { familyNumber, familyOf, ipBytes, ipFromBytes, readIp, readPrefix } from '../netlink/ip.ts';
import { PROTOCOL_STATIC, rtm, scope, size, TABLE_MAIN, tableField } from './numbers.ts';

const attribute = { destination: 1, outputIndex: 4, gateway: 5, source: 7, table: 15, via: 18 } as const;
const UNICAST = 1;
const BLACKHOLE = 6;
const ONLINK = 4;

interface Header {
  readonly family: Family;
  readonly destination?: Prefix;
  readonly table: number;
  /** 0 matches any in a deletion and a dump. */
  readonly protocol?: number;
  readonly scope?: number;
  readonly type?: number;
  readonly flags?: number;
}
function write(head: { readonly type: number; readonly flags: number }, header: Header): MessageWriter {
  const { destination, protocol = 0, scope: own = 0, type = 0 } = header;
  const writer = new MessageWriter(head);
  writer
    .u8(familyNumber[header.family])
    .u8(destination?.length ?? 0)
    .u8(0)
    .u8(0);
  writer
    .u8(tableField(header.table))
    .u8(protocol)
    .u8(own)
    .u8(type)
    .u32(header.flags ?? 0);
  writer.number32(attribute.table, header.table);
  if (destination !== undefined && destination.length > 0) {
    writer.bytes(attribute.destination, ipBytes(destination.base));
  }
  return writer;
}

export interface RouteReplacement {
  readonly destination: Prefix;
  readonly index: number;
  readonly gateway?: Ip | undefined;
  readonly onlink?: boolean | undefined;
  readonly scope?: 'global' | 'link' | undefined;
  readonly table?: number | undefined;
  readonly source?: Ip | undefined;
}
export function replaceRoute(route: RouteReplacement): Uint8Array {
  const { destination, gateway, table = TABLE_MAIN } = route;
  const family = familyOf(destination.base);
  const writer = write(
    { type: rtm.newRoute, flags: flags.request | flags.ack | flags.create | flags.replace },
    {
      family,
      destination,
      table,
      protocol: PROTOCOL_STATIC,
      scope: scope[route.scope ?? (gateway === undefined ? 'link' : 'global')],
      type: UNICAST,
      flags: route.onlink === true ? ONLINK : 0,
    },
  );
  writer.number32(attribute.outputIndex, route.index);
  if (gateway !== undefined) writeGateway(writer, gateway, family);
  if (route.source !== undefined) writer.bytes(attribute.source, ipBytes(route.source));
  return writer.finish();
}

export function replaceBlackhole({ destination, table = TABLE_MAIN }: Omit<RouteDeletion, 'index'>): Uint8Array {
  const head = { type: rtm.newRoute, flags: flags.request | flags.ack | flags.create | flags.replace };
  const family = familyOf(destination.base);
  return write(head, { family, destination, table, protocol: PROTOCOL_STATIC, type: BLACKHOLE }).finish();
}

function writeGateway(writer: MessageWriter, gateway: Ip, family: Family): void {
  const own = familyOf(gateway);
  if (own === family) writer.bytes(attribute.gateway, ipBytes(gateway));
  // `struct rtvia`: the other family's number before the address.
  else writer.bytes(attribute.via, Uint8Array.of(familyNumber[own], 0, ...ipBytes(gateway)));
}

export interface RouteDeletion {
  readonly destination: Prefix;
  readonly table?: number | undefined;
  readonly index?: number | undefined;
}
export function deleteRoute({ destination, table = TABLE_MAIN, index }: RouteDeletion): Uint8Array {
  const header = { family: familyOf(destination.base), destination, table, scope: scope.nowhere };
  const writer = write({ type: rtm.deleteRoute, flags: flags.request | flags.ack }, header);
  if (index !== undefined) writer.number32(attribute.outputIndex, index);
  return writer.finish();
}

export const dumpRoutes = (table: number, family: Family): Uint8Array =>
  write({ type: rtm.getRoute, flags: flags.request | flags.dump }, { family, table }).finish();

export interface IndexedRoute {
  readonly destination: Prefix;
  readonly table: number;
  readonly index: number | undefined;
  readonly gateway: Ip | undefined;
}

export function decodeRoute(payload: Buffer): Decoded<IndexedRoute> {
  const body = decodeBody(payload, size.route);
  if (!body.ok) return body;
  const { fixed, attributes } = body.value;
  const destination = readPrefix(readIp(attributes, attribute.destination), fixed.readUInt8(1), fixed.readUInt8(0));
  if (destination === undefined) return malformed('a route without its destination');
  return {
    ok: true,
    value: {
      destination,
      table: number32(attributes, attribute.table) ?? fixed.readUInt8(4),
      index: number32(attributes, attribute.outputIndex),
      gateway: readGateway(attributes),
    },
  };
}

const readGateway = (attributes: Attributes): Ip | undefined =>
  readIp(attributes, attribute.gateway) ?? ipFromBytes(attributes.get(attribute.via)?.subarray(2));
