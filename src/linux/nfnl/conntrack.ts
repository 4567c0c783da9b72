/** Tracked connections: found by an address and deleted one by one. */
import { formatIp, type Ip } from '../../core/address/ip.ts';
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { flags } from '../netlink/answer.ts';
import { decodeBody, type Decoded, malformed, nested } from '../netlink/reader.ts';
import { expect, type NetlinkSocket, type Outcome } from '../netlink/socket.ts';
import { familyNumber, familyOf, ipBytes } from '../netlink/ip.ts';
import { netfilterMessage, NFNL_SIZE, subsystem } from './message.ts';

const message = { get: 1, delete: 2 } as const;
const attribute = { original: 1, reply: 2, id: 12, zone: 18, filter: 25 } as const;
const tuple = { ip: 1, ipv4: { source: 1, destination: 2 }, ipv6: { source: 3, destination: 4 } } as const;
/** Which fields of a tuple the kernel compares, by direction. */
const filter = { original: 1, reply: 2, source: 1, destination: 2 } as const;

type Direction = 'original' | 'reply';
type Side = 'source' | 'destination';
const everywhere: readonly (readonly [Direction, Side])[] = [
  ['original', 'source'],
  ['original', 'destination'],
  ['reply', 'source'],
  ['reply', 'destination'],
];

const dump = (family: number) =>
  netfilterMessage({ subsystem: subsystem.conntrack, family, message: message.get, flags: flags.dump });
const ALL_FAMILIES = 0;
export const dumpAllConnections = (): Uint8Array => dump(ALL_FAMILIES).finish();

/** Since Linux 5.8 the kernel picks; an older one sends all, so the caller looks again. */
export function dumpConnections(address: Ip, direction: Direction, side: Side): Uint8Array {
  const family = familyOf(address);
  const writer = dump(familyNumber[family]);
  writer.nest(attribute[direction], () => {
    writer.nest(tuple.ip, () => writer.bytes(tuple[family][side], ipBytes(address)));
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
  readonly addresses: readonly Buffer[];
}

export function decodeConnection(payload: Buffer): Decoded<Connection> {
  const body = decodeBody(payload, NFNL_SIZE);
  if (!body.ok) return body;
  const { fixed, attributes } = body.value;
  const original = attributes.get(attribute.original);
  if (original === undefined) return malformed('a connection without its original tuple');
  const addresses = [attribute.original, attribute.reply].flatMap((direction) => {
    const ip = nested(nested(attributes, direction), tuple.ip);
    return [...Object.values(tuple.ipv4), ...Object.values(tuple.ipv6)].flatMap((type) => ip.get(type) ?? []);
  });
  const [id, zone] = [attributes.get(attribute.id), attributes.get(attribute.zone)];
  return { ok: true, value: { family: fixed.readUInt8(0), original, id, zone, addresses } };
}

export function deleteConnection({ family, original, id, zone }: Connection): Uint8Array {
  const writer = netfilterMessage({
    subsystem: subsystem.conntrack,
    family,
    message: message.delete,
    flags: flags.ack,
  });
  writer.bytes(attribute.original, original);
  // Else a new connection between the same ends could be meant.
  if (id !== undefined) writer.bytes(attribute.id, id);
  if (zone !== undefined) writer.bytes(attribute.zone, zone);
  return writer.finish();
}

/** How many were deleted. One address is looked for by the kernel, several in all that it has. */
export function forgetConnections(socket: Pick<NetlinkSocket, 'request' | 'dump'>, addresses: readonly Ip[]): number {
  const wanted = new Set(addresses.map((address) => Buffer.from(ipBytes(address)).toString('hex')));
  const refused = (outcome: Outcome): KernelError =>
    new KernelError({ ...outcome, operation: 'forget-connections', object: addresses.map(formatIp).join(', ') });
  const [first, ...others] = addresses;
  if (first === undefined) return 0;
  const dumps =
    others.length === 0
      ? everywhere.map(([direction, side]) => dumpConnections(first, direction, side))
      : [dumpAllConnections()];
  let forgotten = 0;
  for (const request of dumps) {
    const answer = socket.dump(request);
    if (answer.errno !== 0) throw refused(answer);
    for (const { payload } of answer.replies) {
      const connection = expect(decodeConnection(payload));
      if (!connection.addresses.some((bytes) => wanted.has(bytes.toString('hex')))) continue;
      const outcome = socket.request(deleteConnection(connection));
      if (outcome.errno === 0) forgotten++;
      else if (outcome.errno !== errno.ENOENT) throw refused(outcome);
    }
  }
  return forgotten;
}
