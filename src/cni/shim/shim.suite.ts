/** What any executable that calls itself the plugin must do, seen from outside; run for the C and the TypeScript one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { decodeRequest, encodeReply, type RequestFrame, requestLength } from '../frame.ts';

export interface ShimUnderTest {
  readonly command: string;
  readonly args: readonly string[];
}
export interface ShimTestOptions {
  readonly runDir: string;
  readonly deadlineMs: number;
  readonly delWaitMs: number;
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
}

export function shimSuite(name: string, build: (options: ShimTestOptions) => Promise<ShimUnderTest>): void {
  describe(`the plugin in ${name}`, () => {
    const runDir = mkdtempSync(join(tmpdir(), 'brl-shim-'));
    const socketPath = join(runDir, 'agent.sock');
    let patient: ShimUnderTest;
    let hasty: ShimUnderTest;
    let server: Server | undefined;

    beforeAll(async () => {
      patient = await build({ runDir, deadlineMs: 50_000, delWaitMs: 50_000 });
      hasty = await build({ runDir, deadlineMs: 700, delWaitMs: 200 });
      return () => rmSync(runDir, { recursive: true, force: true });
    });
    beforeEach(() => rmSync(join(runDir, 'del'), { recursive: true, force: true }));
    afterEach(async () => {
      await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
      server = undefined;
    });

    const environment = (command: string, more: Record<string, string> = {}): Record<string, string> => ({
      CNI_COMMAND: command,
      CNI_CONTAINERID: 'sandbox-1',
      CNI_IFNAME: 'eth0',
      CNI_NETNS: '/run/netns/x',
      ...more,
    });
    const start = (shim: ShimUnderTest, env: Record<string, string>): ChildProcess => {
      const child = spawn(shim.command, shim.args, {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      // VERSION answers without reading.
      child.stdin?.on('error', () => undefined);
      return child;
    };
    const ended = async (child: ChildProcess): Promise<Ended> => {
      const chunks: Buffer[] = [];
      child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
      return new Promise((resolve) =>
        child.on('close', (code, signal) => resolve({ code, signal, stdout: Buffer.concat(chunks).toString() })),
      );
    };
    const run = (shim: ShimUnderTest, env: Record<string, string>, stdin = '{}'): Promise<Ended> => {
      const child = start(shim, env);
      child.stdin?.end(stdin);
      return ended(child);
    };
    /** An agent of which each connection is handled by the next handler, the last one for all further ones. */
    const listen = async (...handlers: ((socket: Socket, request: RequestFrame) => void)[]): Promise<void> => {
      let connections = 0;
      server = createServer((socket) => {
        const handler = handlers[Math.min(connections++, handlers.length - 1)];
        let received: Uint8Array = new Uint8Array();
        socket.on('error', () => socket.destroy());
        socket.on('data', (chunk) => {
          received = Buffer.concat([received, chunk]);
          if (requestLength(received) === received.length) handler?.(socket, decodeRequest(received));
        });
      });
      await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
    };
    const answer =
      (text: string, exitCode = 0) =>
      (socket: Socket): void => {
        socket.end(encodeReply({ exitCode, stdout: Buffer.from(text) }));
      };

    it('answers VERSION without an agent', async () => {
      const { code, stdout } = await run(hasty, { CNI_COMMAND: 'VERSION' });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({
        cniVersion: '1.1.0',
        supportedVersions: ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
      });
    });

    it('passes on CNI variables and stdin as they are, and nothing else', async () => {
      let seen: RequestFrame | undefined;
      await listen((socket, request) => {
        seen = request;
        answer('done')(socket);
      });
      const more = { CNI_ARGS: 'K8S_POD_NAME=ä;X=', SECRET: 'no', CNI_PATH: '' };
      const { code, stdout } = await run(patient, environment('ADD', more), '{"a":"\u0001é"}\n');
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'done' });
      expect(seen?.environment).toEqual({ ...environment('ADD'), CNI_ARGS: 'K8S_POD_NAME=ä;X=', CNI_PATH: '' });
      expect(Buffer.from(seen?.stdin ?? []).toString()).toBe('{"a":"\u0001é"}\n');
    });

    it('takes a large stdin in pieces and prints a large reply that comes in pieces', async () => {
      const big = 'x'.repeat(300_000);
      await listen((socket, request) => {
        const reply = encodeReply({ exitCode: 7, stdout: request.stdin });
        socket.write(reply.subarray(0, 3));
        setImmediate(() => socket.write(reply.subarray(3, 9), () => socket.end(reply.subarray(9))));
      });
      const child = start(patient, environment('ADD'));
      const end = ended(child);
      for (let at = 0; at < big.length; at += 50_000) {
        await new Promise((resolve) => child.stdin?.write(big.slice(at, at + 50_000), resolve));
      }
      child.stdin?.end();
      const { code, stdout } = await end;
      expect(code).toBe(7);
      expect(stdout === big).toBe(true);
    });

    it('waits for an agent that is being replaced', async () => {
      const end = run(patient, environment('ADD'));
      await new Promise((resolve) => setTimeout(resolve, 120));
      await listen(answer('late'));
      expect(await end).toMatchObject({ code: 0, stdout: 'late' });
    });

    it('asks again when the agent dies in the middle of a reply', async () => {
      await listen(
        (socket) => socket.end(Buffer.from([9, 0, 0, 0, 0])),
        (socket) => socket.destroy(),
        answer('again'),
      );
      expect(await run(patient, environment('ADD'))).toMatchObject({ code: 0, stdout: 'again' });
    });

    it('says which step fails when the reply is garbage', async () => {
      await listen((socket) => socket.end(Buffer.alloc(64, 0xff)));
      const { code, stdout } = await run(patient, environment('ADD'));
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ code: 6, msg: expect.stringContaining('frame-invalid') });
    });

    it('ends an ADD without an agent, or with one that hangs, at its deadline with "try again later"', async () => {
      const missing = await run(hasty, environment('ADD'));
      await listen(() => undefined);
      const hanging = await run(hasty, environment('ADD'));
      for (const { code, stdout } of [missing, hanging]) {
        expect(code).toBe(1);
        expect(JSON.parse(stdout)).toMatchObject({ code: 11, msg: expect.stringContaining('agent-unreachable') });
      }
    });

    it('spools a DEL that finds no agent, whole and once, and succeeds', async () => {
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(await run(hasty, environment('DEL', { CNI_NETNS: '' }), '{"n":1}')).toMatchObject({
          code: 0,
          stdout: '',
        });
      }
      expect(readdirSync(join(runDir, 'del'))).toEqual(['sandbox-1.eth0']);
      const frame = decodeRequest(readFileSync(join(runDir, 'del', 'sandbox-1.eth0')));
      expect(frame.environment).toEqual(environment('DEL', { CNI_NETNS: '' }));
      expect(Buffer.from(frame.stdin).toString()).toBe('{"n":1}');
    });

    it('cannot be led out of the spool by a sandbox id', async () => {
      await run(hasty, environment('DEL', { CNI_CONTAINERID: '../../x' }));
      expect(readdirSync(join(runDir, 'del'))).toEqual(['.._.._x.eth0']);
    });

    it('hands a DEL to a living agent and leaves the spool empty', async () => {
      await listen(answer(''));
      expect(await run(hasty, environment('DEL'))).toMatchObject({ code: 0, stdout: '' });
      expect(() => readdirSync(join(runDir, 'del'))).toThrow('ENOENT');
    });

    it('dies of SIGTERM while it waits', async () => {
      const child = await new Promise<ChildProcess>((resolve) => {
        void listen(() => resolve(waiting));
        const waiting = start(patient, environment('ADD'));
        waiting.stdin?.end('{}');
      });
      const end = ended(child);
      child.kill('SIGTERM');
      expect(await end).toMatchObject({ code: null, signal: 'SIGTERM' });
    });
  });
}
