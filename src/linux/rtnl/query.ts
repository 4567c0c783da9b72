/** Reads links, addresses, routes, rules and neighbours. */
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import type { Decoded } from '../netlink/reader.ts';
import { type Answer, expect, type NetlinkSocket } from '../netlink/socket.ts';
import type { Family, Link, LinkAddress, Neighbour, Route, RuleSpec } from '../port.ts';
import { decodeAddress, dumpAddresses } from './address.ts';
import { decodeLink, decodeLinkName, decodePeerIndex, dumpLinks, getLink } from './link.ts';
import { decodeNeighbour, dumpNeighbours } from './neighbour.ts';
import { rtm } from './numbers.ts';
import { decodeRoute, dumpRoutes } from './route.ts';
import { decodeRule, dumpRules } from './rule.ts';

/** The link that an answer describes, as that to the making of one does. */
export function linkOf({ replies }: Answer): Link | undefined {
  const reply = replies.find(({ type }) => type === rtm.newLink);
  return reply === undefined ? undefined : expect(decodeLink(reply.payload));
}

/** Of the other end of the veth that an answer describes, in that end's namespace. */
export function peerIndexOf({ replies }: Answer): number | undefined {
  const reply = replies.find(({ type }) => type === rtm.newLink);
  return reply === undefined ? undefined : decodePeerIndex(reply.payload);
}

export function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  const answer = socket.request(getLink(name));
  if (answer.errno === errno.ENODEV) return undefined;
  if (answer.errno !== 0) throw new KernelError({ ...answer, operation: 'get-link', object: name });
  return linkOf(answer);
}

interface Dump<T> {
  readonly operation: string;
  readonly message: Uint8Array;
  readonly decode: (payload: Buffer) => Decoded<T>;
}
/** A table without a route does not exist; nor does a whole family, in a kernel without IPv6. */
const nothing: readonly number[] = [errno.ENOENT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP];

function dump<T>(socket: NetlinkSocket, { operation, message, decode }: Dump<T>): readonly T[] {
  const answer = socket.dump(message);
  if (nothing.includes(answer.errno)) return [];
  if (answer.errno !== 0) throw new KernelError({ ...answer, operation, object: 'all' });
  return answer.replies.map(({ payload }) => expect(decode(payload)));
}

export const listLinks = (socket: NetlinkSocket): readonly Link[] =>
  dump(socket, { operation: 'list-links', message: dumpLinks(), decode: decodeLink });

const namesOf = (socket: NetlinkSocket): ReadonlyMap<number, string> =>
  new Map(
    dump(socket, { operation: 'list-links', message: dumpLinks(), decode: decodeLinkName }).map(({ index, name }) => [
      index,
      name,
    ]),
  );

export function listAddresses(socket: NetlinkSocket, family: Family): readonly LinkAddress<Family>[] {
  const names = namesOf(socket);
  const found = dump(socket, { operation: 'list-addresses', message: dumpAddresses(family), decode: decodeAddress });
  return found.flatMap(({ index, address, length }) => {
    const link = names.get(index);
    return link === undefined ? [] : [{ link, address, length }];
  });
}

export function listNeighbours(socket: NetlinkSocket, family: Family): readonly Neighbour<Family>[] {
  const names = namesOf(socket);
  const found = dump(socket, {
    operation: 'list-neighbours',
    message: dumpNeighbours(family),
    decode: decodeNeighbour,
  });
  return found.flatMap(({ index, ...rest }) => {
    const link = names.get(index);
    return link === undefined ? [] : [{ link, ...rest }];
  });
}

export interface RouteQuery {
  readonly table: number;
  readonly family: Family;
}
export function listRoutes(socket: NetlinkSocket, { table, family }: RouteQuery): readonly Route<Family>[] {
  const found = dump(socket, { operation: 'list-routes', message: dumpRoutes(table, family), decode: decodeRoute });
  if (found.length === 0) return [];
  const names = namesOf(socket);
  return (
    found
      // Kernels before 4.20 do not filter.
      .filter((route) => route.table === table)
      .map(({ destination, index, gateway }) => {
        const link = index === undefined ? undefined : names.get(index);
        return { destination, table, link, gateway };
      })
  );
}

/** local, main and default. */
const ownByKernel = ({ priority, table }: RuleSpec<Family>): boolean =>
  (priority === 0 && table === 255) || (priority === 32_766 && table === 254) || (priority === 32_767 && table === 253);

export const listRules = (socket: NetlinkSocket, family: Family): readonly RuleSpec<Family>[] =>
  dump(socket, { operation: 'list-rules', message: dumpRules(family), decode: decodeRule }).flatMap((rule) =>
    rule === undefined || ownByKernel(rule) ? [] : [rule],
  );
