/**
 * What the one host of the internet does: it tells each caller the address that it sees it come from, so that
 * translation can be seen. `curl http://198.51.100.10/` prints it; port 7 says it over TCP and UDP, and over TCP echoes
 * what follows. It answers ping by itself.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';

import { type Ip, ip, isIpv4 } from '../../../core/address/ip.ts';
import type { Kernel, Netns } from '../../../linux/port.ts';
import { lab } from '../../names.ts';

export interface OutsideHost {
  close(): Promise<void>;
}

export interface OutsideHostOptions {
  readonly kernel: Pick<Kernel, 'listenTcp' | 'bindUdp'>;
  /** The one that plays the internet. */
  readonly netns: Netns;
}

const HTTP = 80;
const ECHO = 7;

/** The sockets listen when it returns; who connects before the servers take them waits in the queue. */
export async function serveCallers({ kernel, netns }: OutsideHostOptions): Promise<OutsideHost> {
  const addresses = [lab.outsideHost.address, lab.outsideHost.address6].map(ip);
  const tcp = (port: number, make: () => Server) =>
    addresses.map((address) => listen(make(), kernel.listenTcp(netns, { address, port })));
  const udp = addresses.map((address) => receive(address, kernel.bindUdp(netns, { address, port: ECHO })));
  const closers = await Promise.all([...tcp(HTTP, httpServer), ...tcp(ECHO, echoServer), ...udp]);
  return { close: async () => void (await Promise.all(closers.map((close) => close()))) };
}

type Close = () => Promise<void>;

const httpServer = (): Server =>
  createHttpServer((request, response) => {
    request.resume();
    response.setHeader('connection', 'close').end(callerOf(request.socket));
  });

const echoServer = (): Server =>
  createServer((connection) => {
    connection.on('error', () => connection.destroy());
    connection.write(callerOf(connection));
    connection.pipe(connection);
  });

const callerOf = ({ remoteAddress = '' }: Socket): string => `${remoteAddress}\n`;

async function listen(server: Server, fd: number): Promise<Close> {
  const connections = new Set<Socket>();
  server.on('connection', (connection: Socket) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
  });
  server.listen({ fd });
  await once(server, 'listening');
  return async () => {
    for (const connection of connections) connection.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
}

async function receive(address: Ip, fd: number): Promise<Close> {
  const socket = createSocket(isIpv4(address) ? 'udp4' : 'udp6');
  socket.on('error', () => undefined);
  socket.on('message', (_bytes, from) => socket.send(`${from.address}\n`, from.port, from.address, () => undefined));
  // It may say so before `bind` returns.
  const listening = once(socket, 'listening');
  socket.bind({ fd });
  await listening;
  return () => new Promise((resolve) => socket.close(() => resolve()));
}
