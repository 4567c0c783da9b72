/** An opened network namespace and the sockets that are in it, each made when first needed. */
import { closeSync, fstatSync, openSync } from 'node:fs';

import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { unshareNetns } from '../ffi/libc.ts';
import { createNftContext, type NftContext } from '../ffi/libnftables.ts';
import { type NetlinkSocket, openNetlink, protocol } from '../netlink/socket.ts';
import type { Netns } from '../port.ts';
import { goHome, homeNetns, within } from './within.ts';

export class OpenNetns implements Netns {
  readonly path: string;
  readonly identity: string;
  readonly fd: number;
  #route: NetlinkSocket | undefined;
  #netfilter: NetlinkSocket | undefined;
  #nft: NftContext | undefined;
  #isClosed = false;

  private constructor(path: string, fd: number) {
    const { dev, ino } = fstatSync(fd);
    this.path = path;
    this.fd = fd;
    this.identity = `${dev}:${ino}`;
  }

  static self(): OpenNetns {
    return new OpenNetns('self', homeNetns());
  }

  static open(this: void, path: string): OpenNetns {
    const fd = openNode(path);
    if (fstatSync(fd).dev === fstatSync(homeNetns()).dev) return new OpenNetns(path, fd);
    closeSync(fd);
    const text = 'it is not a namespace';
    throw new KernelError({ errno: errno.EINVAL, operation: 'open-netns', object: path, text });
  }

  static unnamed(this: void): OpenNetns {
    homeNetns();
    try {
      unshareNetns();
      const fd = openNode('/proc/thread-self/ns/net');
      return new OpenNetns(`/proc/self/fd/${fd}`, fd);
    } finally {
      goHome();
    }
  }

  /** The kernel's own handle, whoever made it. */
  static of(this: void, netns: Netns): OpenNetns {
    if (netns instanceof OpenNetns) return netns;
    throw new TypeError(`the namespace ${netns.path} was not opened by this kernel`);
  }

  get route(): NetlinkSocket {
    return (this.#route ??= within(this, () => openNetlink(protocol.route)));
  }
  get netfilter(): NetlinkSocket {
    return (this.#netfilter ??= within(this, () => openNetlink(protocol.netfilter)));
  }
  get nft(): NftContext {
    return (this.#nft ??= within(this, createNftContext));
  }

  /** The process's own stays open: it is shared. */
  close(): void {
    if (this.#isClosed || this.fd === homeNetns()) return;
    this.#isClosed = true;
    this.#route?.close();
    this.#netfilter?.close();
    this.#nft?.free();
    this.#route = this.#netfilter = this.#nft = undefined;
    closeSync(this.fd);
  }
}

function openNode(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw fileError(error, 'open-netns', path);
  }
}

/** Node's errors of files carry the number negated; ours are passed on. */
export function fileError(error: unknown, operation: string, object: string): KernelError {
  if (error instanceof KernelError) return error;
  const number = error instanceof Error && 'errno' in error ? Number(error.errno) : 0;
  return new KernelError({ errno: -number, operation, object });
}
