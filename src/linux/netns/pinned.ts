/** Namespaces with a name: bind mounts under /run/netns, as `ip netns` makes and finds them. */
import { closeSync, fstatSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { KernelError } from '../errors.ts';
import { mount, mountFlags, unmount, unshareNetns } from '../ffi/libc.ts';
import { fileError } from './open-netns.ts';
import { goHome, homeNetns } from './within.ts';

const FOLDER = '/run/netns';

export function pinnedPath(name: string): string {
  if (name === '' || name.startsWith('.') || name.includes('/'))
    throw new RangeError(`"${name}" cannot name a namespace`);
  return join(FOLDER, name);
}

/** Returns whether it was made; one that exists stays as it is. */
export function pinNewNetns(name: string): boolean {
  const path = pinnedPath(name);
  try {
    shareFolder();
    if (isNamespace(path)) return false;
    // A file without a mount is what a crash between the two leaves.
    closeSync(openSync(path, 'a', 0o444));
  } catch (error) {
    throw fileError(error, 'create-netns', path);
  }
  homeNetns();
  try {
    unshareNetns();
    mount({ source: '/proc/thread-self/ns/net', target: path, flags: mountFlags.bind });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    goHome();
  }
  return true;
}

export function unpinNetns(name: string): void {
  const path = pinnedPath(name);
  try {
    unmount(path);
  } catch (error) {
    // Nothing is there, or a file without a mount.
    if (!(error instanceof KernelError) || !['ENOENT', 'EINVAL'].includes(error.errno)) throw error;
  }
  rmSync(path, { force: true });
}

const isNamespace = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.dev === fstatSync(homeNetns()).dev;

/** Mounts below it must show in the mount namespaces of containers, so it must itself be a shared mount. */
function shareFolder(): void {
  mkdirSync(FOLDER, { recursive: true, mode: 0o755 });
  const share = (): void => mount({ source: '', target: FOLDER, flags: mountFlags.shared | mountFlags.recursive });
  try {
    share();
  } catch {
    mount({ source: FOLDER, target: FOLDER, flags: mountFlags.bind | mountFlags.recursive });
    share();
  }
}
