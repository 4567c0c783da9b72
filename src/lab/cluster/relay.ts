/** A TCP port of the machine that leads into a namespace: how the user reaches what listens on an instance. */
import { type Server, type Socket, createServer } from 'node:net';

export interface Relay {
  readonly port: number;
  close(): Promise<void>;
}

export interface RelayOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** A socket in the namespace that is connecting or connected; it may throw, as where there is no way to the address. */
  readonly connect: () => Socket;
}

export async function startRelay({ address, port, connect }: RelayOptions): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    let far: Socket;
    try {
      far = connect();
    } catch {
      // The instance's network is gone, or not there yet: the same end as when nobody listens there.
      near.destroy();
      return;
    }
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      // Either end's trouble ends both; who talks through us sees a connection that broke, which is the truth.
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await listening(server, address, port);
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const listening = (server: Server, address: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${port} of ${address} is taken by another program`) : error),
    );
    server.listen(port, address, resolve);
  });
