/**
 * One agent at a time: the lock is a unix socket that its holder listens on, so that the kernel gives it up with the
 * process, also across PID namespaces, where a file with a PID in it would mean nothing. Node has no flock.
 */
import { renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';

import type { Clock } from '../clock.ts';

export interface Lock {
  release(): Promise<void>;
}

const RETRY_MS = 100;

/** Waits while another process holds it; `onWait` is called once then. */
export async function acquireLock(path: string, clock: Clock, onWait: () => void): Promise<Lock> {
  for (let told = false; ;) {
    const server = await tryListen(path);
    if (server !== undefined) return { release: () => new Promise((resolve) => server.close(() => resolve())) };
    if (!(await isAlive(path))) {
      await removeStale(path);
      continue;
    }
    if (!told) onWait();
    told = true;
    await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
  }
}

const tryListen = (path: string): Promise<Server | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });

const isAlive = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const answer = (alive: boolean) => (): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });

/** Set aside first and asked again: between the check and here another agent may have made it its own. */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (await isAlive(aside)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}
