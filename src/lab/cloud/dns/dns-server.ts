/** The VPC's DNS over UDP and TCP, at sockets that are there already. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

import { answerQuestion, type Names } from './answer-question.ts';
import { parseQuery, renderAnswer, renderRefusal } from './message.ts';

export interface DnsServerOptions extends Names {
  /** Bound to an address of the fabric's. */
  readonly udpFd: number;
  readonly tcpFd: number;
}

export async function serveDns({ udpFd, tcpFd, ...names }: DnsServerOptions): Promise<{ close(): Promise<void> }> {
  const answer = (bytes: Buffer): Buffer | undefined => {
    const parsed = parseQuery(bytes);
    if (parsed.ok) return renderAnswer(parsed.query, answerQuestion(parsed.query.question, names));
    return parsed.id === undefined ? undefined : renderRefusal(parsed.id, parsed.code);
  };
  const datagrams = createSocket('udp4').on('error', () => undefined);
  datagrams.on('message', (bytes, { port, address }) => {
    const reply = answer(bytes);
    if (reply !== undefined) datagrams.send(reply, port, address, () => undefined);
  });
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection.on('close', () => connections.delete(connection)));
    answerStream(connection, answer);
  });
  // They may say so before the call returns.
  const listening = Promise.all([once(datagrams, 'listening'), once(server, 'listening')]);
  datagrams.bind({ fd: udpFd });
  server.listen({ fd: tcpFd });
  await listening;
  return {
    async close() {
      for (const connection of connections) connection.destroy();
      await Promise.all([
        new Promise<void>((resolve) => datagrams.close(resolve)),
        new Promise((resolve) => server.close(resolve)),
      ]);
    },
  };
}

const IDLE_MS = 10_000;

/** Over TCP each message bears its length. */
function answerStream(connection: Socket, answer: (bytes: Buffer) => Buffer | undefined): void {
  let waiting = Buffer.alloc(0);
  connection.setTimeout(IDLE_MS, () => connection.destroy()).on('error', () => connection.destroy());
  connection.on('data', (bytes: Buffer) => {
    waiting = Buffer.concat([waiting, bytes]);
    while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
      const length = waiting.readUInt16BE(0);
      const reply = answer(waiting.subarray(2, 2 + length));
      waiting = waiting.subarray(2 + length);
      if (reply === undefined) return void connection.destroy();
      connection.write(Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 255), reply]));
    }
  });
}
