/** What happens in a namespace, as it happens. */
import { protocol } from './netlink/socket.ts';
import { routeFilter, tableFilter } from './netlink/event-filters.ts';
import type { Decoded, NetlinkMessage } from './netlink/reader.ts';
import { subscribe, type Subscription } from './netlink/subscription.ts';
import { readTableEvent } from './nfnl/table-event.ts';
import type { OpenNetns } from './netns/open-netns.ts';
import { within } from './netns/within.ts';
import type { NetEvent, WatchInterest } from './port.ts';
import { readRouteEvent } from './rtnl/route-event.ts';

/** RTNLGRP_LINK, and _IFADDR, _ROUTE and _RULE of both families; NFNLGRP_NFTABLES. */
const groups = { route: [1, 5, 9, 7, 11, 8, 19], netfilter: [7] } as const;
type Read = (message: NetlinkMessage) => Decoded<NetEvent | undefined>;

interface Source {
  readonly kind: keyof typeof groups;
  readonly read: Read;
  readonly filter: Uint8Array | undefined;
}

export function watchNetns(
  netns: OpenNetns,
  listener: (event: NetEvent) => void,
  interest?: WatchInterest,
): Subscription {
  const onLost = (): void => listener({ subject: 'lost' });
  const open = ({ kind, read, filter }: Source): Subscription =>
    subscribe({
      protocol: protocol[kind],
      groups: groups[kind],
      filter,
      onLost,
      onMessage(message) {
        const event = read(message);
        if (!event.ok) onLost();
        else if (event.value !== undefined) listener(event.value);
      },
    });
  const filters =
    interest === undefined
      ? undefined
      : {
          route: routeFilter({ interest, ports: [netns.route.port()] }),
          table: tableFilter({ interest, ports: [netns.netfilter.port(), ...netns.nftPorts] }),
        };
  const readTable: Read = (message) => readTableEvent(message, interest?.table);
  const all = within(netns, () => [
    open({ kind: 'route', read: readRouteEvent, filter: filters?.route }),
    open({ kind: 'netfilter', read: readTable, filter: filters?.table }),
  ]);
  return { close: () => all.forEach((one) => one.close()) };
}
