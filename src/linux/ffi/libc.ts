/** The functions of libc that Node lacks. Each throws a KernelError or returns what its manual page says. */
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { addressOf, lastErrno, type LibraryFunction, loadLibrary, onThreadPool } from './koffi.ts';

const libc = loadLibrary(undefined);
type Bytes = Uint8Array;

const native = {
  setns: libc.func('int setns(int fd, int nstype)') as (fd: number, type: number) => number,
  unshare: libc.func('int unshare(int flags)') as (flags: number) => number,
  mount: libc.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, void *data)',
  ) as (source: string, target: string, type: string, flags: number, data: null) => number,
  umount2: libc.func('int umount2(const char *target, int flags)') as (target: string, flags: number) => number,
  socket: libc.func('int socket(int domain, int type, int protocol)') as (d: number, t: number, p: number) => number,
  bind: libc.func('int bind(int fd, void *address, uint32_t length)') as (fd: number, a: Bytes, l: number) => number,
  connect: libc.func('int connect(int fd, void *address, uint32_t length)') as (
    fd: number,
    a: Bytes,
    l: number,
  ) => number,
  listen: libc.func('int listen(int fd, int backlog)') as (fd: number, backlog: number) => number,
  dup2: libc.func('int dup2(int from, int to)') as (from: number, to: number) => number,
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)') as (
    fd: number,
    level: number,
    name: number,
    value: Bytes,
    length: number,
  ) => number,
  getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)') as (
    fd: number,
    level: number,
    name: number,
    value: Bytes,
    length: Bytes,
  ) => number,
  getsockname: libc.func('int getsockname(int fd, void *address, void *length)') as (
    fd: number,
    address: Bytes,
    length: Bytes,
  ) => number,
  // koffi has no ssize_t; it is a long on every Linux.
  send: libc.func('long send(int fd, void *bytes, size_t length, int flags)') as LibraryFunction<
    (fd: number, bytes: Bytes, length: number, flags: number) => number
  >,
  recv: libc.func('long recv(int fd, void *bytes, size_t length, int flags)') as (
    fd: number,
    bytes: Bytes,
    length: number,
    flags: number,
  ) => number,
};

function check(result: number, operation: string, object: string): number {
  if (result < 0) throw new KernelError({ errno: lastErrno(), operation, object });
  return result;
}

const CLONE_NEWNET = 0x4000_0000;

/** Moves this thread alone. */
export const enterNetns = (fd: number, path: string): void => {
  check(native.setns(fd, CLONE_NEWNET), 'setns', path);
};
/** Moves this thread alone, into a namespace that is new. */
export const unshareNetns = (): void => {
  check(native.unshare(CLONE_NEWNET), 'unshare', 'network namespace');
};

export interface MountOptions {
  readonly source: string;
  readonly target: string;
  readonly flags: number;
}
export const mountFlags = { bind: 4096, recursive: 16_384, shared: 1 << 20 } as const;
export const mount = ({ source, target, flags }: MountOptions): void => {
  check(native.mount(source, target, 'none', flags, null), 'mount', target);
};
const MNT_DETACH = 2;
/** Lazily: users of the mount keep it until they let go. */
export const unmount = (target: string): void => {
  check(native.umount2(target, MNT_DETACH), 'umount', target);
};

export interface SocketKind {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
}
export const family = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
export const socketType = { stream: 1, datagram: 2, raw: 3, nonblocking: 0o4000, closeOnExec: 0o2000000 } as const;

export const socket = (kind: SocketKind): number =>
  check(native.socket(kind.family, kind.type, kind.protocol), 'socket', `family ${kind.family}`);
export const bind = (fd: number, address: Uint8Array, object: string): void => {
  check(native.bind(fd, address, address.length), 'bind', object);
};
export const listen = (fd: number, backlog: number): void => {
  check(native.listen(fd, backlog), 'listen', `socket ${fd}`);
};
/** A non-blocking socket is left connecting. */
export const connect = (fd: number, address: Uint8Array, object: string): void => {
  if (native.connect(fd, address, address.length) < 0 && lastErrno() !== errno.EINPROGRESS) {
    throw new KernelError({ errno: lastErrno(), operation: 'connect', object });
  }
};

/** From now on the descriptor `to` stands for what `from` stands for. */
export const replaceDescriptor = (from: number, to: number): void => {
  check(native.dup2(from, to), 'dup2', `${from} over ${to}`);
};

export interface SocketOption {
  readonly level: number;
  readonly name: number;
}
export const setSocketOption = (fd: number, { level, name }: SocketOption, value: number): void => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  check(native.setsockopt(fd, level, name, bytes, bytes.length), 'setsockopt', `${level}/${name}`);
};
/** As many bytes as the option has, `size` at most. */
export const getSocketOption = (fd: number, { level, name }: SocketOption, size: number): Uint8Array => {
  const value = new Uint8Array(size);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, size, true);
  check(native.getsockopt(fd, level, name, value, length), 'getsockopt', `${level}/${name}`);
  return value.subarray(0, new DataView(length.buffer).getUint32(0, true));
};

/** Drops what comes in by the filter's verdict (SO_ATTACH_FILTER); `program` is classic BPF, eight bytes an instruction. */
export const attachFilter = (fd: number, program: Uint8Array): void => {
  const description = Buffer.alloc(16);
  description.writeUInt16LE(program.length / 8, 0);
  // The kernel copies it, within the call, which `program` outlives.
  description.writeBigUInt64LE(addressOf(program), 8);
  check(native.setsockopt(fd, 1, 26, description, description.length), 'setsockopt', 'SO_ATTACH_FILTER');
};

/** The address of a bound socket, `size` bytes at most. */
export const socketName = (fd: number, size: number): Buffer => {
  const address = Buffer.alloc(size);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(size, 0);
  check(native.getsockname(fd, address, length), 'getsockname', `socket ${fd}`);
  return address.subarray(0, length.readUInt32LE(0));
};

/** One datagram, whole. */
export const send = (fd: number, bytes: Uint8Array): void => {
  for (;;) {
    if (native.send(fd, bytes, bytes.length, 0) >= 0) return;
    if (lastErrno() !== errno.EINTR)
      throw new KernelError({ errno: lastErrno(), operation: 'send', object: `socket ${fd}` });
  }
};
/** On a thread of Node's pool, for what the kernel takes long to do. Nothing tells why it failed. */
export const sendLater = async (fd: number, bytes: Uint8Array): Promise<boolean> =>
  (await onThreadPool(native.send, fd, bytes, bytes.length, 0)) >= 0;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
/** The length of the next datagram, which may exceed the buffer; undefined when none waits. */
export const receive = (fd: number, buffer: Uint8Array): number | undefined => {
  for (;;) {
    const length = native.recv(fd, buffer, buffer.length, MSG_TRUNC | MSG_DONTWAIT);
    if (length >= 0) return length;
    const number = lastErrno();
    if (number === errno.EAGAIN) return undefined;
    if (number !== errno.EINTR) throw new KernelError({ errno: number, operation: 'recv', object: `socket ${fd}` });
  }
};
