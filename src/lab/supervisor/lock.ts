/**
 * One lab of a name per machine: the lock is an abstract unix socket, so the kernel gives it up with its holder, and
 * whoever finds it taken can ask who that is.
 */
import { type Server, connect, createServer } from 'node:net';

export interface Holder {
  readonly pid: number;
  /** The clone that it was started from. */
  readonly root: string;
}

export interface Lock {
  release(): Promise<void>;
}

const addressOf = (name: string): string => `\0branchline-lab/${name}`;

/** @returns the lock, or who holds it. */
export async function takeLock(name: string, holder: Holder): Promise<Lock | Holder> {
  for (;;) {
    const server = await listen(addressOf(name), holder);
    if (server !== undefined) return { release: () => new Promise((resolve) => server.close(() => resolve())) };
    const found = await askHolder(addressOf(name));
    if (found !== undefined) return found;
    // It ended between the two: the address is free again.
  }
}

const listen = (address: string, holder: Holder): Promise<Server | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end(JSON.stringify(holder)));
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => resolve(server.unref()));
  });

const askHolder = (address: string): Promise<Holder | undefined> =>
  new Promise((resolve) => {
    let text = '';
    connect(address)
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text += chunk))
      .on('error', () => resolve(undefined))
      .on('end', () => resolve(text === '' ? undefined : (JSON.parse(text) as Holder)));
  });
