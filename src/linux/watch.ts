/** What happens in a namespace, as it happens. */
import type { Decoded, NetlinkMessage } from './netlink/reader.ts';
import { protocol } from './netlink/socket.ts';
import { type Subscription, subscribe } from './netlink/subscription.ts';
import type { OpenNetns } from './netns/open-netns.ts';
import { within } from './netns/within.ts';
import { readTableEvent } from './nfnl/table-event.ts';
import type { NetEvent } from './port.ts';
import { readRouteEvent } from './rtnl/route-event.ts';

/** RTNLGRP_LINK, and _IFADDR, _ROUTE and _RULE of both families; NFNLGRP_NFTABLES. */
const groups = { route: [1, 5, 9, 7, 11, 8, 19], netfilter: [7] } as const;
type Read = (message: NetlinkMessage) => Decoded<NetEvent | undefined>;

export function watchNetns(netns: OpenNetns, listener: (event: NetEvent) => void): Subscription {
  const onLost = (): void => listener({ subject: 'lost' });
  const open = (kind: keyof typeof groups, read: Read): Subscription =>
    subscribe({
      protocol: protocol[kind],
      groups: groups[kind],
      onLost,
      onMessage(message) {
        const event = read(message);
        if (!event.ok) onLost();
        else if (event.value !== undefined) listener(event.value);
      },
    });
  const all = within(netns, () => [open('route', readRouteEvent), open('netfilter', readTableEvent)]);
  return { close: () => all.forEach((one) => one.close()) };
}
