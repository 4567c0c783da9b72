/** An opened network namespace and the sockets that are in it, each made when first needed. */
import { closeSync, fstatSync, openSync } from 'node:fs';

import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { unshareNetns } from '../ffi/libc.ts';
import { createNftContext, type NftContext } from '../ffi/libnftables.ts';
import { netlinkPort, netlinkSockets } from '../netlink/port.ts';
import { type NetlinkSocket, openNetlink, protocol } from '../netlink/socket.ts';
import type { Netns } from '../port.ts';
import { goHome, homeDevice, homeNetns, within } from './within.ts';

export class OpenNetns implements Netns {
  readonly path: string;
  readonly identity: string;
  readonly fd: number;
  #route: NetlinkSocket | undefined;
  #netfilter: NetlinkSocket | undefined;
  #nft: { readonly context: NftContext; readonly ports: readonly number[] } | undefined;
  #links = new Map<string, number>();
  #isClosed = false;

  private constructor(path: string, fd: number, stat = fstatSync(fd)) {
    const { dev, ino } = stat;
    this.path = path;
    this.fd = fd;
    this.identity = `${dev}:${ino}`;
  }

  static self(): OpenNetns {
    return new OpenNetns('self', homeNetns());
  }

  static open(this: void, path: string): OpenNetns {
    const fd = openNode(path);
    const stat = fstatSync(fd);
    if (stat.dev === homeDevice()) return new OpenNetns(path, fd, stat);
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
    return this.#text().context;
  }
  /** By which notifications name what was done by rule texts: libnftables tells nobody of its socket. */
  get nftPorts(): readonly number[] {
    return this.#text().ports;
  }
  #text(): { readonly context: NftContext; readonly ports: readonly number[] } {
    if (this.#nft === undefined) {
      const before = new Set(netlinkSockets());
      const context = within(this, createNftContext);
      const made = netlinkSockets().filter((fd) => !before.has(fd));
      this.#nft = { context, ports: made.map(netlinkPort) };
    }
    return this.#nft;
  }

  /** The index of a link that was just made from outside. */
  learn({ name, index }: { readonly name: string; readonly index: number }): void {
    this.#links.set(name, index);
  }
  /** What was learnt, to be believed once: links are renamed and go. */
  takeLinks(): ReadonlyMap<string, number> {
    const links = this.#links;
    if (links.size > 0) this.#links = new Map();
    return links;
  }

  /** The process's own stays open: it is shared. */
  close(): void {
    if (this.#isClosed || this.fd === homeNetns()) return;
    this.#isClosed = true;
    this.#route?.close();
    this.#netfilter?.close();
    this.#nft?.context.free();
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
