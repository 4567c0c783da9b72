/**
 * A program inside an instance of a test: listens, and tries flows. It shares nothing with the fabric but the kernel.
 * Argument: `{ addresses, ports }` as JSON. One request a line on stdin, one answer a line on stdout.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createServer, connect as connectTcp, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

import { ip, isIpv4 } from '../../../core/address/ip.ts';
import { ipv4, ipv4Bytes } from '../../../core/address/ipv4.ts';
import { ipv6Bytes } from '../../../core/address/ipv6.ts';
import { bind, connect, family, receive, send, setSocketOption, socket, socketType } from '../../../linux/ffi/libc.ts';

export interface Attempt {
  /** What the answer calls it; 32 bits. */
  readonly tag: number;
  readonly source: string;
  readonly target: string;
  readonly protocol: number;
  /** Of TCP and UDP. */
  readonly port?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** Of other protocols; default the system's. */
  readonly ttl?: number;
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
  /** Answers with the TTLs that the packet of each tag arrived with, IPv4 alone. */
  | { readonly do: 'ttls'; readonly tags: readonly number[] }
  /** Answers with the IPv4 address, a number, that the far end says it sees; with none if it says nothing. */
  | { readonly do: 'caller'; readonly attempt: Attempt; readonly waitMs: number }
  /** Opens a TCP connection and keeps it under its tag. */
  | { readonly do: 'hold'; readonly attempt: Attempt; readonly waitMs: number }
  /** Answers with the tag if the far end of a kept connection still echoes. */
  | { readonly do: 'ask'; readonly tag: number; readonly waitMs: number };

const OTHER_PROTOCOLS = { 4: [1, 50, 99], 6: [58, 50, 99] } as const;
const held = new Map<number, Socket>();
let arrived: number[] = [];
const ttls = new Map<number, number>();

const isSix = (text: string): boolean => text.includes(':');

const ipAddress = (text: string): Uint8Array => {
  const address = ip(text);
  const bytes = new Uint8Array(isIpv4(address) ? 16 : 28);
  bytes[0] = isIpv4(address) ? family.inet : family.inet6;
  if (isIpv4(address)) bytes.set(ipv4Bytes(address), 4);
  else bytes.set(ipv6Bytes(address), 8);
  return bytes;
};
const rawSocket = (protocol: number, six: boolean): number =>
  socket({ family: six ? family.inet6 : family.inet, type: socketType.raw | socketType.nonblocking, protocol });

async function listen(addresses: readonly string[], ports: readonly number[]): Promise<void> {
  const ready: Promise<unknown>[] = [];
  for (const port of ports) {
    const acceptor = createServer((connection) => {
      connection.on('error', () => connection.destroy());
      connection.write('hello');
      connection.pipe(connection);
    }).listen({ port, host: '::', backlog: 4096 });
    ready.push(once(acceptor, 'listening'));
    for (const address of addresses) {
      // By address: from one socket for all of them, answers would bear the address of the way out.
      const server = createSocket(isSix(address) ? 'udp6' : 'udp4');
      server.on('message', (bytes, from) => server.send(bytes, from.port, from.address, () => undefined));
      server.on('error', () => undefined);
      server.bind(port, address);
      ready.push(once(server, 'listening'));
    }
  }
  const listening = ([4, 6] as const).flatMap((version) =>
    OTHER_PROTOCOLS[version].map((protocol) => ({ version, fd: rawSocket(protocol, version === 6) })),
  );
  const buffer = new Uint8Array(2048);
  setInterval(() => {
    for (const { fd, version } of listening) {
      for (let length = receive(fd, buffer); length !== undefined; length = receive(fd, buffer)) {
        note(buffer.subarray(0, length), version);
      }
    }
  }, 5);
  await Promise.all(ready);
}

/** A magic number and the tag follow the headers: 20 bytes of IPv4, which only it shows; 8 of ICMP or in its place. */
const MAGIC = 0x4252_4c54;
function note(packet: Uint8Array, version: 4 | 6): void {
  const header = version === 4 ? 20 : 0;
  const view = new DataView(packet.buffer, 0, packet.length);
  if (packet.length !== header + 16 || view.getUint32(header + 8) !== MAGIC) return;
  const tag = view.getUint32(header + 12);
  arrived.push(tag);
  if (version === 4) ttls.set(tag, view.getUint8(8));
}

const TTL = { level: 0, name: 2 };
const AGAIN_MS = 500;

function sendRaw({ source, target, protocol, icmp, tag, ttl }: Attempt): void {
  const fd = rawSocket(protocol, isSix(target));
  try {
    if (ttl !== undefined) setSocketOption(fd, TTL, ttl);
    bind(fd, ipAddress(source), source);
    connect(fd, ipAddress(target), target);
    const view = new DataView(new ArrayBuffer(16));
    view.setUint8(0, icmp?.type ?? 0);
    view.setUint8(1, icmp?.code ?? 0);
    // An echo's identifier: else one attempt's reply would be another's, to connection tracking.
    view.setUint16(4, tag & 0xffff);
    view.setUint32(8, MAGIC);
    view.setUint32(12, tag);
    // Of ICMPv6 the kernel sees to it.
    if (protocol !== 58) view.setUint16(2, checksum(view));
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

function openTcp({ source, target, port = 0 }: Attempt, onBytes: (bytes: Buffer) => void): Socket {
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
      const client = createSocket(isSix(one.source) ? 'udp6' : 'udp4');
      client.on('message', () => opened.add(one.tag)).on('error', () => undefined);
      const say = (): void => {
        if (!opened.has(one.tag)) client.send('hello', one.port, one.target, () => undefined);
      };
      let again: NodeJS.Timeout | undefined;
      client.bind(0, one.source, () => {
        say();
        // Nobody else sends it again, and a busy machine may lose one that should arrive.
        if (one.expected) again = setInterval(say, AGAIN_MS);
      });
      closers.push(() => {
        clearInterval(again);
        client.close();
      });
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
    case 'ttls':
      return request.tags.flatMap((tag) => ttls.get(tag) ?? []);
    case 'caller': {
      let seen: string | undefined;
      const connection = openTcp(request.attempt, (bytes) => (seen ??= String(bytes).trim()));
      await until(() => seen !== undefined, request.waitMs);
      connection.resetAndDestroy();
      return seen === undefined ? [] : [ipv4(seen)];
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
