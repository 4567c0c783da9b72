import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Relay, startRelay } from './relay.ts';

const LOOPBACK = '127.0.0.1';

describe('the relay', () => {
  let far: Server;
  let relay: Relay;
  const accepted: Socket[] = [];
  const portOf = (server: Server): number => (server.address() as { readonly port: number }).port;

  beforeEach(async () => {
    far = createServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined).pipe(socket);
    }).listen(0, LOOPBACK);
    await once(far, 'listening');
    relay = await startRelay({ address: LOOPBACK, port: 0, connect: () => connect(portOf(far), LOOPBACK) });
  });
  afterEach(async () => {
    for (const socket of accepted.splice(0)) socket.destroy();
    await relay.close();
    far.close();
  });

  it('carries bytes both ways', async () => {
    const near = connect(relay.port, LOOPBACK);
    near.write('hello');
    expect(String(await once(near, 'data'))).toBe('hello');
    near.destroy();
  });

  it('ends the near side when the far side breaks', async () => {
    const near = connect(relay.port, LOOPBACK).on('error', () => undefined);
    near.write('hello');
    await once(near, 'data');
    accepted[0]?.resetAndDestroy();
    await once(near, 'close');
  });

  it('ends the near side when nothing listens at the far one', async () => {
    const port = portOf(far);
    await new Promise((resolve) => far.close(resolve));
    const dead = await startRelay({ address: LOOPBACK, port: 0, connect: () => connect(port, LOOPBACK) });
    const near = connect(dead.port, LOOPBACK).on('error', () => undefined);
    await once(near, 'close');
    await dead.close();
  });

  it('ends the near side when there is no way to the far one, and serves the next', async () => {
    let isGone = true;
    const torn = await startRelay({
      address: LOOPBACK,
      port: 0,
      connect() {
        if (isGone) throw new Error('ENETUNREACH');
        return connect(portOf(far), LOOPBACK);
      },
    });
    const refused = connect(torn.port, LOOPBACK).on('error', () => undefined);
    await once(refused, 'close');
    isGone = false;
    const near = connect(torn.port, LOOPBACK);
    near.write('hello');
    expect(String(await once(near, 'data'))).toBe('hello');
    near.destroy();
    await torn.close();
  });

  it('says which port another program has', async () => {
    const start = startRelay({ address: LOOPBACK, port: relay.port, connect: () => connect(portOf(far), LOOPBACK) });
    await expect(start).rejects.toThrow(`port ${relay.port} of ${LOOPBACK} is taken`);
  });

  it('closes with connections open', async () => {
    const near = connect(relay.port, LOOPBACK).on('error', () => undefined);
    near.write('hello');
    await once(near, 'data');
    await relay.close();
    await once(near, 'close');
  });
});
