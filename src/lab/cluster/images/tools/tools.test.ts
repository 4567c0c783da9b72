import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { probeTarget } from './probe-target.ts';
import { httpServer, tcpEchoServer, udpEchoServer } from './servers.ts';

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

const listening = async (server: ReturnType<typeof httpServer | typeof tcpEchoServer>): Promise<number> => {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const bound = async (): Promise<number> => {
  const socket = udpEchoServer();
  open.push(socket);
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket.address().port;
};
let time = 0;
const probe = (target: string, timeoutMs = 5000) => probeTarget({ target, timeoutMs, now: () => (time += 3) });

describe('the tools of the sample image', () => {
  it('find what answers open: HTTP, and echo over TCP and UDP', async () => {
    const targets = [
      `http://127.0.0.1:${await listening(httpServer('pod-1'))}/`,
      `tcp://127.0.0.1:${await listening(tcpEchoServer())}`,
      `udp://127.0.0.1:${await bound()}`,
    ];
    for (const target of targets) expect(await probe(target)).toEqual({ target, open: true, ms: 3 });
  });

  it('say why what does not answer is closed', async () => {
    const server = tcpEchoServer();
    const port = await listening(server);
    server.close();
    open.splice(0);
    expect(await probe(`tcp://127.0.0.1:${port}`)).toMatchObject({ open: false, why: 'ECONNREFUSED' });
    expect(await probe('ftp://127.0.0.1')).toMatchObject({ open: false, why: expect.stringContaining('ftp:') });
    const silent = await import('node:dgram').then(({ createSocket }) => createSocket('udp4'));
    open.push(silent);
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    const target = `udp://127.0.0.1:${silent.address().port}`;
    expect(await probe(target, 50)).toEqual({ target, open: false, why: 'time-out' });
  });

  it('tell over HTTP which pod answered whom', async () => {
    const port = await listening(httpServer('pod-1'));
    const response = await fetch(`http://127.0.0.1:${port}/path`);
    expect(await response.json()).toMatchObject({ pod: 'pod-1', from: '127.0.0.1', method: 'GET', url: '/path' });
  });
});
