/** Opens a connection from the node into a namespace and waits for a byte to come back. */
import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';

import type { Ip } from '../../core/address/ip.ts';
import type { Kernel, Netns } from '../../linux/port.ts';

export interface Goal {
  readonly netns: Netns;
  readonly address: Ip;
}

const PORT = 10_250;
const TIMEOUT_MS = 2000;

/** Rejects when nothing has come back in time. */
export async function reach(kernel: Kernel, { netns, address }: Goal): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('.');
  });
  await listen(server, kernel.listenTcp(netns, { address, port: PORT }));
  const socket = new Socket({
    fd: kernel.connectTcp(kernel.self(), { address, port: PORT }),
    readable: true,
    writable: true,
  });
  try {
    socket.on('error', () => undefined);
    await once(socket, 'data', { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } finally {
    socket.destroy();
    server.close();
  }
}

async function listen(server: Server, fd: number): Promise<void> {
  server.listen({ fd });
  await once(server, 'listening');
}
