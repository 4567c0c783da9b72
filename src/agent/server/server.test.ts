import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { decodeReply, encodeRequest } from '../../cni/frame.ts';
import { silentLog } from '../../daemon/log.ts';
import { clockDouble } from '../testing/doubles.ts';
import type { RequestHandler } from './handle-request.ts';
import { acquireLock } from './lock.ts';
import { type AgentServer, startServer } from './server.ts';

let folder: string;
let server: AgentServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'brl-server-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});
const start = async (handle: RequestHandler, uid = 0): Promise<void> => {
  server = await startServer({ path: join(folder, 'agent.sock'), handle, peerUid: () => uid, log: silentLog });
};
const answerTo = (...pieces: readonly Uint8Array[]): Promise<{ exitCode: number; text: string }> =>
  new Promise((resolve) => {
    const socket = connect(join(folder, 'agent.sock'));
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const reply = decodeReply(received);
      if (reply === undefined) return;
      socket.destroy();
      resolve({ exitCode: reply.exitCode, text: Buffer.from(reply.stdout).toString() });
    });
    const send = (at: number): void => {
      const piece = pieces[at];
      if (piece !== undefined) socket.write(piece, () => setImmediate(() => send(at + 1)));
    };
    send(0);
  });
const request = encodeRequest({ environment: { CNI_COMMAND: 'ADD' }, stdin: Buffer.from('{}') });
const echo: RequestHandler = async ({ stdin }) => ({ exitCode: 3, stdout: stdin });

describe('the agent’s socket', () => {
  it('puts a request together from any pieces', async () => {
    await start(echo);
    const bytes = [...request].map((byte) => Uint8Array.of(byte));
    expect(await answerTo(...bytes)).toEqual({ exitCode: 3, text: '{}' });
  });

  it('refuses whoever is not root, before reading', async () => {
    await start(echo, 1000);
    expect(await answerTo(request)).toMatchObject({ exitCode: 1, text: expect.stringContaining('user 1000') });
  });

  it('refuses what is no request without waiting for more of it', async () => {
    await start(echo);
    expect(await answerTo(Buffer.from('GET / HTTP/1.1\r\n'))).toMatchObject({
      text: expect.stringContaining('frame-invalid'),
    });
  });

  it('tells the handler when the plugin has gone away', async () => {
    const aborted = Promise.withResolvers<boolean>();
    const began = Promise.withResolvers<void>();
    await start((_, signal) => {
      signal.addEventListener('abort', () => aborted.resolve(true));
      began.resolve();
      return new Promise(() => undefined);
    });
    const socket = connect(join(folder, 'agent.sock'), () => socket.write(request));
    await began.promise;
    socket.destroy();
    expect(await aborted.promise).toBe(true);
  });
});

describe('the lock', () => {
  it('is had by one process at a time, and passes on', async () => {
    const path = join(folder, 'lock');
    const clock = clockDouble();
    const first = await acquireLock(path, clock, () => undefined);
    const waiting = Promise.withResolvers<void>();
    const second = acquireLock(path, clock, () => waiting.resolve());
    await waiting.promise;
    await first.release();
    await clock.advance(100);
    await (await second).release();
  });

  it('is free when its holder was killed', async () => {
    const path = join(folder, 'lock');
    const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('held'))`;
    const holder = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    holder.kill('SIGKILL');
    await once(holder, 'close');
    expect(readdirSync(folder)).toEqual(['lock']);
    const lock = await acquireLock(path, clockDouble(), () => undefined);
    expect(readdirSync(folder)).toEqual(['lock']);
    await lock.release();
  });
});
