/**
 * Notifications of a netlink family, as they come. Node's loop polls no netlink socket, but it polls UDP ones, by
 * descriptor: it is given a UDP socket, and before it first looks, the descriptor is made to stand for the netlink one.
 * No thread waits, and there is no native code but `dup2`.
 */
import { closeSync } from 'node:fs';
import { createSocket } from 'node:dgram';

import { attachFilter, family, replaceDescriptor, setSocketOption, socket, socketType } from '../ffi/libc.ts';
import { bindNetlink } from './port.ts';
import { decodeMessages, type NetlinkMessage } from './reader.ts';

const option = {
  receiveBuffer: { level: 1, name: 33 },
  addMembership: { level: 270, name: 1 },
} as const;
const BUFFER_SIZE = 1024 * 1024;
const { datagram, nonblocking, raw, closeOnExec } = socketType;

export interface SubscriptionOptions {
  readonly protocol: number;
  readonly groups: readonly number[];
  /** Classic BPF; default all is told. */
  readonly filter?: Uint8Array | undefined;
  readonly onMessage: (message: NetlinkMessage) => void;
  /** There was more to tell than the buffer holds, or something that cannot be read. It goes on with what comes next. */
  readonly onLost: () => void;
}

export interface Subscription {
  close(): void;
}

/** To be called within the namespace that it is about. */
export function subscribe({ onMessage, onLost, ...source }: SubscriptionOptions): Subscription {
  const netlink = openGroups(source);
  const polled = socket({ family: family.inet, type: datagram | closeOnExec, protocol: 0 });
  const events = createSocket('udp4');
  events.on('message', (bytes) => {
    const messages = decodeMessages(bytes);
    if (messages.ok) messages.value.forEach(onMessage);
    else onLost();
  });
  // ENOBUFS.
  events.on('error', onLost);
  events.bind({ fd: polled, exclusive: true });
  replaceDescriptor(netlink, polled);
  closeSync(netlink);
  return { close: () => events.close() };
}

function openGroups({ protocol, groups, filter }: Pick<SubscriptionOptions, 'protocol' | 'groups' | 'filter'>): number {
  const fd = socket({ family: family.netlink, type: raw | closeOnExec | nonblocking, protocol });
  // Without an address of its own it is sent nothing.
  bindNetlink(fd);
  if (filter !== undefined) attachFilter(fd, filter);
  for (const group of groups) setSocketOption(fd, option.addMembership, group);
  try {
    setSocketOption(fd, option.receiveBuffer, BUFFER_SIZE);
  } catch {
    // Refused in a user namespace; then events are lost sooner, and that is told.
  }
  return fd;
}
