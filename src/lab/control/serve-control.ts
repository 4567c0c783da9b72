/** The lab's side of the control socket, which only root can open. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

import { type ControlEvent, type ControlRequest, errorEvent, formatEvent, parseRequest } from './protocol.ts';

/** Answers one request; what it throws is told to whoever asked. */
export type HandleRequest = (request: ControlRequest, tell: (text: string) => void) => Promise<unknown>;

export interface ControlServer {
  /** Whoever is still waiting sees the connection end. */
  close(): Promise<void>;
}

export async function serveControl(options: {
  /** Path of the socket. */
  readonly path: string;
  readonly handle: HandleRequest;
}): Promise<ControlServer> {
  const { path, handle } = options;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // Whoever asked may go away at any time; what was asked for is done all the same.
    socket.on('error', () => undefined);
    const send = (event: ControlEvent): void => void (socket.writable && socket.write(formatEvent(event)));
    createInterface({ input: socket }).once('line', (line) => void answer(line, { handle, send, socket }));
  });
  await listening(server, path);
  chmodSync(path, 0o600);
  return {
    close() {
      for (const socket of open) socket.destroySoon();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  line: string,
  how: {
    readonly handle: HandleRequest;
    readonly send: (event: ControlEvent) => void;
    readonly socket: Socket;
  },
): Promise<void> {
  const { handle, send, socket } = how;
  try {
    const request = parseRequest(line);
    const value = await handle(request, (text) => send({ event: 'progress', text }));
    send({ event: 'result', value });
    // Who asked for the end waits for it: the connection lives as long as the lab.
    if (request.verb === 'stop') return;
  } catch (error) {
    send(errorEvent(error));
  }
  socket.end();
}

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
