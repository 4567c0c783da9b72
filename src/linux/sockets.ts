/** Sockets as descriptors, for Node's own `net` and `http` to go on with. */
import { closeSync } from 'node:fs';

import { formatIp, type Ip, isIpv4 } from '../core/address/ip.ts';
import { bind, connect, family, getSocketOption, listen, setSocketOption, socket, socketType } from './ffi/libc.ts';
import { ipBytes } from './netlink/ip.ts';

export interface SocketEnd {
  readonly address: Ip;
  readonly port: number;
}

const option = {
  reuseAddress: { level: 1, name: 2 },
  peerCredentials: { level: 1, name: 17 },
  ttl: { level: 0, name: 2 },
  hopLimit: { level: 41, name: 16 },
} as const;
const BACKLOG = 511;

/** `struct sockaddr_in` and `struct sockaddr_in6`, of which flow and scope are 0. */
function socketAddress({ address, port }: SocketEnd): Uint8Array {
  const four = isIpv4(address);
  const bytes = Buffer.alloc(four ? 16 : 28);
  bytes.writeUInt16LE(familyOfEnd(address), 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(ipBytes(address), four ? 4 : 8);
  return bytes;
}

const familyOfEnd = (address: Ip): number => (isIpv4(address) ? family.inet : family.inet6);

const describe = ({ address, port }: SocketEnd): string =>
  isIpv4(address) ? `${formatIp(address)}:${port}` : `[${formatIp(address)}]:${port}`;

function openSocket(kind: 'stream' | 'datagram', address: Ip, prepare: (fd: number) => void): number {
  const type = socketType[kind] | socketType.nonblocking | socketType.closeOnExec;
  const fd = socket({ family: familyOfEnd(address), type, protocol: 0 });
  try {
    prepare(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** To be called within the namespace that it shall listen in. */
export const listenTcp = ({ ttl, ...end }: SocketEnd & { readonly ttl?: number }): number =>
  openSocket('stream', end.address, (fd) => {
    setSocketOption(fd, option.reuseAddress, 1);
    if (ttl !== undefined) setSocketOption(fd, isIpv4(end.address) ? option.ttl : option.hopLimit, ttl);
    bind(fd, socketAddress(end), describe(end));
    listen(fd, BACKLOG);
  });

export const setTtl = (fd: number, ttl: number): void => setSocketOption(fd, option.ttl, ttl);

/** To be called within the namespace that it shall receive in. */
export const bindUdp = (end: SocketEnd): number =>
  openSocket('datagram', end.address, (fd) => {
    setSocketOption(fd, option.reuseAddress, 1);
    bind(fd, socketAddress(end), describe(end));
  });

/** To be called within the namespace that it shall connect from. */
export const connectTcp = (end: SocketEnd): number =>
  openSocket('stream', end.address, (fd) => connect(fd, socketAddress(end), describe(end)));

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}
/** `struct ucred`. */
export function peerCredentials(fd: number): PeerCredentials {
  const bytes = Buffer.from(getSocketOption(fd, option.peerCredentials, 12));
  return { pid: bytes.readInt32LE(0), uid: bytes.readUInt32LE(4), gid: bytes.readUInt32LE(8) };
}
