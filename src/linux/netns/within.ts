/**
 * Runs a piece of synchronous code in another network namespace. It is needed only to make sockets and to reach
 * /proc/sys: a socket stays in the namespace of its making. Nothing may be awaited inside, and no worker started.
 */
import { access, fstatSync, openSync } from 'node:fs';

import { enterNetns } from '../ffi/libc.ts';

let home: number | undefined;
let inside = false;

/** The descriptor of this thread's own namespace. */
export function homeNetns(): number {
  if (home === undefined) {
    // Threads of the pool are born in the namespace that the first use of the pool finds, and stay there: let it be this.
    access('/', () => undefined);
    home = openSync('/proc/thread-self/ns/net', 'r');
  }
  return home;
}

let device: number | undefined;
/** Of the file system that all namespaces are in. */
export const homeDevice = (): number => (device ??= fstatSync(homeNetns()).dev);

export interface Enterable {
  readonly fd: number;
  readonly path: string;
}

export function within<T>(netns: Enterable, action: () => T): T {
  const back = homeNetns();
  if (netns.fd === back) return action();
  if (inside) throw new Error('a network namespace is entered from within another');
  inside = true;
  try {
    enterNetns(netns.fd, netns.path);
    return refusePromise(action());
  } finally {
    goHome();
    inside = false;
  }
}

/** Also for what has left by `unshare`. A process that is in the wrong namespace would do harm with every further line. */
export function goHome(): void {
  try {
    enterNetns(homeNetns(), 'home');
  } catch {
    process.abort();
  }
}

function refusePromise<T>(result: T): T {
  if (result instanceof Promise) throw new TypeError('code within a network namespace must be synchronous');
  return result;
}
