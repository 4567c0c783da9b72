/** The port of a netlink socket, by which the kernel says at whose request it did what it tells of. */
import { readdirSync } from 'node:fs';

import { KernelError } from '../errors.ts';
import { bind, family, socketName } from '../ffi/libc.ts';

/** `struct sockaddr_nl`: family, padding, port, groups. */
const SIZE = 12;
const PORT_AT = 4;

/** Gives it one, which the kernel picks. */
export function bindNetlink(fd: number): void {
  const address = Buffer.alloc(SIZE);
  address.writeUInt16LE(family.netlink, 0);
  bind(fd, address, 'netlink');
}

/** It is given one if it has none yet. */
export function netlinkPort(fd: number): number {
  const read = (): number => socketName(fd, SIZE).readUInt32LE(PORT_AT);
  const port = read();
  if (port !== 0) return port;
  bindNetlink(fd);
  return read();
}

/** This process's netlink sockets, whoever opened them. */
export const netlinkSockets = (): readonly number[] => readdirSync('/proc/self/fd').map(Number).filter(isNetlink);

function isNetlink(fd: number): boolean {
  try {
    return socketName(fd, SIZE).readUInt16LE(0) === family.netlink;
  } catch (error) {
    // No socket at all, or closed by now, as the descriptor by which the listing itself was read.
    if (error instanceof KernelError) return false;
    throw error;
  }
}
