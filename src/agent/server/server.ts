/**
 * The agent's socket: one request a connection, root alone. It must not know what a request means. When the plugin goes
 * away before its answer, the request's signal is aborted.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import { cniErrorObject } from '../../cni/error-object.ts';
import { decodeRequest, encodeReply, requestLength } from '../../cni/frame.ts';
import { DEFAULT_VERSION } from '../../cni/protocol.ts';
import type { Log } from '../../daemon/log.ts';
import type { RequestHandler } from './handle-request.ts';

export interface AgentServerOptions {
  readonly path: string;
  readonly handle: RequestHandler;
  /** The user id at the other end. */
  readonly peerUid: (socket: Socket) => number;
  readonly log: Log;
}

export interface AgentServer {
  /** Takes no new connections; requests under way are aborted, since their plugins ask the next agent. */
  close(): Promise<void>;
}

export async function startServer({ path, handle, peerUid, log }: AgentServerOptions): Promise<AgentServer> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, { handle, peerUid, log });
  });
  rmSync(path, { force: true });
  await listen(server, path);
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    // Closed to others from its first moment on: the mode is that of the process's mask at bind.
    const mask = process.umask(0o177);
    server.once('error', reject);
    server.listen({ path, backlog: 511 }, resolve);
    process.umask(mask);
  });

function serve(socket: Socket, { handle, peerUid, log }: Omit<AgentServerOptions, 'path'>): void {
  const gone = new AbortController();
  let answered = false;
  const leave = (): void => {
    // Every plugin leaves after its answer: nobody is told of that.
    if (!answered) gone.abort();
  };
  let received: Buffer[] = [];
  let size = 0;
  const refuse = (error: unknown): void => {
    received = [];
    socket.removeAllListeners('data');
    const stdout = Buffer.from(JSON.stringify(cniErrorObject(DEFAULT_VERSION, error)));
    socket.end(encodeReply({ exitCode: 1, stdout }));
  };
  socket.on('error', (error) => log.warn({ error: describeError(error) }, 'a connection failed'));
  socket.on('close', leave);
  // A plugin waits with both ways open: an end before the answer means that it is gone.
  socket.on('end', leave);
  try {
    const uid = peerUid(socket);
    if (uid !== 0) throw new CodedError('cni-request-invalid', { detail: `the caller is user ${uid}, not root` });
  } catch (error) {
    refuse(error);
    return;
  }
  socket.on('data', (chunk: Buffer) => {
    received.push(chunk);
    size += chunk.length;
    try {
      const start = received[0] === undefined || received[0].length >= 8 ? received[0] : Buffer.concat(received);
      const length = requestLength(start ?? chunk);
      if (length === undefined || size < length) return;
      const request = decodeRequest(Buffer.concat(received));
      received = [];
      socket.removeAllListeners('data');
      void nextPoll().then(async () => {
        if (gone.signal.aborted) return;
        const reply = encodeReply(await handle(request, gone.signal));
        answered = true;
        // Not `end`: all has been read, and to wait for the plugin's own end would take another turn and three calls.
        // Nor at once: a stream that is destroyed within its callback makes an error, with its stack, for nobody.
        socket.write(reply, () => process.nextTick(() => socket.destroy()));
      });
    } catch (error) {
      refuse(error);
    }
  });
}

/**
 * After the event loop has looked at all sockets once more. An ADD whose plugin was killed may be read after the DEL
 * that followed it, which must remain the last word: the end of its connection shows by then.
 */
const nextPoll = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
