/**
 * A program inside an instance of a test: listens, and tries flows. It shares nothing with the fabric but the kernel.
 * Argument: `{ addresses, ports }` as JSON. One request a line on stdin, one answer a line on stdout.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createServer, connect as connectTcp, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

import { ipv4, ipv4Bytes } from '../../../core/address/ipv4.ts';
import { bind, connect, family, receive, send, socket, socketType } from '../../../linux/ffi/libc.ts';

export interface Attempt {
  /** What the answer calls it; 32 bits. */
  readonly tag: number;
  readonly source: string;
  readonly target: string;
  readonly protocol: number;
  /** Of TCP and UDP. */
  readonly port?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** Whether it should arrive; only such attempts are waited for, the others are given the grace after them. */
  readonly expected: boolean;
}

export interface Patience {
  /** For what should arrive: generous, it is spent on failures alone. */
  readonly waitMs: number;
  /** For what should not, once everything else has arrived. */
  readonly graceMs: number;
}

export type Request =
  /** Answers with the tags of TCP and UDP attempts from whose target application bytes came back. */
  | { readonly do: 'attempt'; readonly attempts: readonly Attempt[]; readonly patience: Patience }
  /** Answers with the tags of packets of other protocols that have arrived here since it was asked last. */
  | { readonly do: 'arrivals' }
  /** Opens a TCP connection and keeps it under its tag. */
  | { readonly do: 'hold'; readonly attempt: Attempt; readonly waitMs: number }
  /** Answers with the tag if the far end of a kept connection still echoes. */
  | { readonly do: 'ask'; readonly tag: number; readonly waitMs: number };

const OTHER_PROTOCOLS = [1, 50, 99];
const held = new Map<number, Socket>();
let arrived: number[] = [];

const ipAddress = (text: string): Uint8Array => {
  const bytes = new Uint8Array(16);
  bytes[0] = family.inet;
  bytes.set(ipv4Bytes(ipv4(text)), 4);
  return bytes;
};
const rawSocket = (protocol: number): number =>
  socket({ family: family.inet, type: socketType.raw | socketType.nonblocking, protocol });

async function listen(addresses: readonly string[], ports: readonly number[]): Promise<void> {
  const ready: Promise<unknown>[] = [];
  for (const port of ports) {
    const acceptor = createServer((connection) => {
      connection.on('error', () => connection.destroy());
      connection.write('hello');
      connection.pipe(connection);
    }).listen({ port, host: '0.0.0.0', backlog: 4096 });
    ready.push(once(acceptor, 'listening'));
    for (const address of addresses) {
      // By address: from one socket for all of them, answers would bear the address of the way out.
      const server = createSocket('udp4');
      server.on('message', (bytes, from) => server.send(bytes, from.port, from.address, () => undefined));
      server.on('error', () => undefined);
      server.bind(port, address);
      ready.push(once(server, 'listening'));
    }
  }
  const listening = OTHER_PROTOCOLS.map(rawSocket);
  const buffer = new Uint8Array(2048);
  setInterval(() => {
    for (const fd of listening) {
      for (let length = receive(fd, buffer); length !== undefined; length = receive(fd, buffer)) note(buffer, length);
    }
  }, 5);
  await Promise.all(ready);
}

/** A magic number and the tag follow the headers: 20 bytes of IP, 8 of ICMP or in its place. */
const MAGIC = 0x4252_4c54;
function note(packet: Uint8Array, length: number): void {
  const view = new DataView(packet.buffer);
  if (length === 36 && view.getUint32(28) === MAGIC) arrived.push(view.getUint32(32));
}

function sendRaw({ source, target, protocol, icmp, tag }: Attempt): void {
  const fd = rawSocket(protocol);
  try {
    bind(fd, ipAddress(source), source);
    connect(fd, ipAddress(target), target);
    const view = new DataView(new ArrayBuffer(16));
    view.setUint8(0, icmp?.type ?? 0);
    view.setUint8(1, icmp?.code ?? 0);
    // An echo's identifier: else one attempt's reply would be another's, to connection tracking.
    view.setUint16(4, tag & 0xffff);
    view.setUint32(8, MAGIC);
    view.setUint32(12, tag);
    view.setUint16(2, checksum(view));
    send(fd, new Uint8Array(view.buffer));
  } catch {
    // No way out of the instance is one way of not arriving.
  } finally {
    closeSync(fd);
  }
}

function checksum(view: DataView): number {
  let sum = 0;
  for (let at = 0; at < view.byteLength; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function openTcp({ source, target, port = 0 }: Attempt, onBytes: () => void): Socket {
  const connection = connectTcp({ host: target, port, localAddress: source });
  return connection.on('data', onBytes).on('error', () => connection.destroy());
}

async function attempt(attempts: readonly Attempt[], { waitMs, graceMs }: Patience): Promise<readonly number[]> {
  const opened = new Set<number>();
  const closers: (() => void)[] = [];
  for (const one of attempts) {
    if (one.protocol === 6) {
      const connection = openTcp(one, () => opened.add(one.tag));
      closers.push(() => connection.resetAndDestroy());
    } else if (one.protocol === 17) {
      const client = createSocket('udp4');
      client.on('message', () => opened.add(one.tag)).on('error', () => undefined);
      client.bind(0, one.source, () => client.send('hello', one.port, one.target, () => undefined));
      closers.push(() => client.close());
    } else sendRaw(one);
  }
  const answered = attempts.filter(({ protocol }) => protocol === 6 || protocol === 17);
  await until(() => answered.every(({ tag, expected }) => !expected || opened.has(tag)), waitMs);
  if (answered.some(({ expected }) => !expected)) await until(() => false, graceMs);
  for (const close of closers) close();
  return [...opened];
}

async function until(done: () => boolean, waitMs: number): Promise<void> {
  for (const end = Date.now() + waitMs; !done() && Date.now() < end;) await new Promise((next) => setTimeout(next, 5));
}

async function answer(request: Request): Promise<readonly number[]> {
  switch (request.do) {
    case 'attempt':
      return attempt(request.attempts, request.patience);
    case 'arrivals': {
      const seen = arrived;
      arrived = [];
      return seen;
    }
    case 'hold': {
      let greeted = false;
      held.set(
        request.attempt.tag,
        openTcp(request.attempt, () => (greeted = true)),
      );
      await until(() => greeted, request.waitMs);
      return greeted ? [request.attempt.tag] : [];
    }
    case 'ask': {
      let echoed = false;
      held
        .get(request.tag)
        ?.on('data', () => (echoed = true))
        .write('still there?');
      await until(() => echoed, request.waitMs);
      return echoed ? [request.tag] : [];
    }
  }
}

const { addresses, ports } = JSON.parse(process.argv[2] ?? '{}') as { addresses: string[]; ports: number[] };
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
await listen(addresses, ports);
say({ listening: ports });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...request } = JSON.parse(line) as Request & { id: number };
  void answer(request as Request).then(
    (tags) => say({ id, tags }),
    (error: unknown) => say({ id, error: String(error) }),
  );
}
