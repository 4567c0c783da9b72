/**
 * Tracked connections, deleted by their addresses. The kernel has them in one table of some 262,144 buckets for the whole
 * machine, and every way to them walks it. A dump locks each bucket on its way, some 9 ms; a deletion with a filter
 * (since Linux 6.11) passes over empty ones, some 0.3 ms with 1,000 connections.
 */
import { formatIp, type Ip, isIpv4 } from '../../core/address/ip.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { flags } from '../netlink/answer.ts';
import { decodeBody, type Decoded, malformed, nested } from '../netlink/reader.ts';
import { expect, type NetlinkSocket, type Outcome } from '../netlink/socket.ts';
import { familyNumber, ipBytes, ipFromBytes } from '../netlink/ip.ts';
import { netfilterMessage, NFNL_SIZE, subsystem } from './message.ts';

const message = { get: 1, delete: 2 } as const;
const attribute = { original: 1, reply: 2, id: 12, zone: 18, filter: 25 } as const;
const tuple = { ip: 1, ipv4: { source: 1, destination: 2 } } as const;
/** Which fields of a tuple the kernel compares, by direction. */
const filter = { original: 1, reply: 2, source: 1, destination: 2 } as const;

type Place = readonly ['original' | 'reply', 'source' | 'destination'];
const places: readonly Place[] = [
  ['original', 'source'],
  ['original', 'destination'],
  ['reply', 'source'],
  ['reply', 'destination'],
];

const ALL_FAMILIES = 0;
const dumpConnections = (): Uint8Array =>
  netfilterMessage({
    subsystem: subsystem.conntrack,
    family: ALL_FAMILIES,
    message: message.get,
    flags: flags.dump,
  }).finish();
const deletion = (family: number) =>
  netfilterMessage({ subsystem: subsystem.conntrack, family, message: message.delete, flags: flags.ack });

/** An older kernel takes it for half of one connection's description, and refuses it. */
export function deleteConnections(address: Ipv4, [direction, side]: Place): Uint8Array {
  const writer = deletion(familyNumber.ipv4);
  writer.nest(attribute[direction], () => {
    writer.nest(tuple.ip, () => writer.bytes(tuple.ipv4[side], ipBytes(address)));
  });
  writer.nest(attribute.filter, () => writer.number32(filter[direction], filter[side]));
  return writer.finish();
}

/** What identifies a connection, as the kernel wrote it: it goes back as it came. */
export interface Connection {
  readonly family: number;
  readonly original: Buffer;
  readonly id: Buffer | undefined;
  readonly zone: Buffer | undefined;
  /** All of both directions. */
  readonly addresses: readonly Ip[];
}

export function decodeConnection(payload: Buffer): Decoded<Connection> {
  const body = decodeBody(payload, NFNL_SIZE);
  if (!body.ok) return body;
  const { fixed, attributes } = body.value;
  const original = attributes.get(attribute.original);
  if (original === undefined) return malformed('a connection without its original tuple');
  const addresses = [attribute.original, attribute.reply].flatMap((direction) => {
    const ip = nested(nested(attributes, direction), tuple.ip);
    return [...ip.values()].flatMap((bytes) => ipFromBytes(bytes) ?? []);
  });
  const [id, zone] = [attributes.get(attribute.id), attributes.get(attribute.zone)];
  return { ok: true, value: { family: fixed.readUInt8(0), original, id, zone, addresses } };
}

function deleteConnection({ family, original, id, zone }: Connection): Uint8Array {
  const writer = deletion(family).bytes(attribute.original, original);
  // Else a new connection between the same ends could be meant.
  if (id !== undefined) writer.bytes(attribute.id, id);
  if (zone !== undefined) writer.bytes(attribute.zone, zone);
  return writer.finish();
}

type ConntrackSocket = Pick<NetlinkSocket, 'request' | 'dump'>;

/** Beyond so many addresses one dump of everything is the shorter way. */
const FEW = 8;
/** Kernels show at the first deletion that they are older. */
let filtersDeletions = true;

export function forgetConnections(socket: ConntrackSocket, addresses: readonly Ip[]): void {
  // For IPv6 the kernel's comparison is the wrong way round (seen in 6.18): it would delete all others.
  const four = addresses.length <= FEW ? addresses.filter(isIpv4) : [];
  const forgotten = new Set<Ip>(forgetByFilter(socket, four) ? four : []);
  forgetByDump(
    socket,
    addresses.filter((address) => !forgotten.has(address)),
  );
}

/** Whether this kernel knows how. */
function forgetByFilter(socket: ConntrackSocket, addresses: readonly Ipv4[]): boolean {
  for (const address of addresses) {
    for (const place of places) {
      if (!filtersDeletions) return false;
      const outcome = socket.request(deleteConnections(address, place));
      if (outcome.errno === errno.EINVAL) filtersDeletions = false;
      else if (outcome.errno !== 0) throw refused(outcome, addresses);
    }
  }
  return filtersDeletions;
}

function forgetByDump(socket: ConntrackSocket, addresses: readonly Ip[]): void {
  if (addresses.length === 0) return;
  const answer = socket.dump(dumpConnections());
  if (answer.errno !== 0) throw refused(answer, addresses);
  const wanted = new Set(addresses);
  for (const { payload } of answer.replies) {
    const connection = expect(decodeConnection(payload));
    if (!connection.addresses.some((address) => wanted.has(address))) continue;
    const outcome = socket.request(deleteConnection(connection));
    if (outcome.errno !== 0 && outcome.errno !== errno.ENOENT) throw refused(outcome, addresses);
  }
}

const refused = (outcome: Outcome, addresses: readonly Ip[]): KernelError =>
  new KernelError({ ...outcome, operation: 'forget-connections', object: addresses.map(formatIp).join(', ') });
