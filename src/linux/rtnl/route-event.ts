/** Notifications of rtnetlink. */
import { flags } from '../netlink/answer.ts';
import type { Decoded, NetlinkMessage } from '../netlink/reader.ts';
import type { NetEvent } from '../port.ts';
import { decodeAddress } from './address.ts';
import { decodeLink } from './link.ts';
import { rtm } from './numbers.ts';
import { decodeRoute } from './route.ts';
import { decodeRule } from './rule.ts';

/** undefined for what nobody asked about. */
export function readRouteEvent({ type, flags: own, payload }: NetlinkMessage): Decoded<NetEvent | undefined> {
  switch (type) {
    case rtm.newLink:
    case rtm.deleteLink:
      return map(decodeLink(payload), (link) => ({ subject: 'link', change: changeOf(type), link }));
    case rtm.newAddress:
    case rtm.deleteAddress:
      return map(decodeAddress(payload), ({ address, length }) => ({
        subject: 'address',
        change: changeOf(type),
        address,
        length,
      }));
    case rtm.newRoute:
    case rtm.deleteRoute:
      return map(decodeRoute(payload), ({ destination, table }) => ({
        subject: 'route',
        change: type === rtm.newRoute && (own & flags.replace) !== 0 ? 'replaced' : changeOf(type),
        destination,
        table,
      }));
    case rtm.newRule:
    case rtm.deleteRule:
      return map(decodeRule(payload), (rule) =>
        rule === undefined ? undefined : { subject: 'rule', change: changeOf(type), rule },
      );
    default:
      return { ok: true, value: undefined };
  }
}

/** Of every pair of types the second, which takes away, is the greater by one. */
const changeOf = (type: number): 'set' | 'gone' => (type % 4 === 1 ? 'gone' : 'set');

const map = <T>(decoded: Decoded<T>, event: (value: T) => NetEvent | undefined): Decoded<NetEvent | undefined> =>
  decoded.ok ? { ok: true, value: event(decoded.value) } : decoded;
