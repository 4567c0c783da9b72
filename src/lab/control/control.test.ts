import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CodedError } from '../../core/errors/coded-error.ts';
import { callControl } from './call-control.ts';
import { parseRequest } from './protocol.ts';
import { type ControlServer, type HandleRequest, serveControl } from './serve-control.ts';

describe('the control socket', () => {
  let folder = '';
  let server: ControlServer | undefined;
  const path = (): string => join(folder, 'run', 'control.sock');
  const serve = async (handle: HandleRequest): Promise<void> => {
    server = await serveControl({ path: path(), handle });
  };
  const call = (tell: (text: string) => void = () => undefined) =>
    callControl({ path: path(), labName: 'lab', request: { verb: 'part-kill', part: 'etcd' }, tell });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brlt-control-'));
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  it('carries a request, its progress and its result', async () => {
    await serve((request, tell) => {
      tell('half');
      return Promise.resolve({ part: request.verb });
    });
    const told: string[] = [];
    const { value } = await call((text) => told.push(text));
    expect(told).toEqual(['half']);
    expect(value).toEqual({ part: 'part-kill' });
  });

  it('carries a coded error with its code and particulars, and any other with its text', async () => {
    await serve(() => Promise.reject(new CodedError('lab-part-unknown', { detail: 'etcd' })));
    await expect(call()).rejects.toMatchObject({ code: 'lab-part-unknown', detail: 'etcd' });
    await server?.close();
    await serve(() => Promise.reject(new Error('no disk')));
    await expect(call()).rejects.toThrow('no disk');
  });

  it('is for root alone', async () => {
    await serve(() => Promise.resolve());
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
  });

  it('says that no lab runs where there is no socket, or nobody behind it', async () => {
    await expect(call()).rejects.toMatchObject({ code: 'lab-not-running' });
    await serve(() => new Promise(() => undefined));
    const asked = call();
    await new Promise((resolve) => setImmediate(resolve));
    const [outcome] = await Promise.allSettled([asked, server?.close()]);
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'lab-not-running' } });
    server = undefined;
  });

  it('keeps the connection of who asked for the end until the lab is gone', async () => {
    await serve(() => Promise.resolve({ pid: 1 }));
    const request = { verb: 'stop' } as const;
    const { closed } = await callControl({ path: path(), labName: 'lab', request, tell: () => undefined });
    let ended = false;
    const end = closed.then(() => (ended = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    await server?.close();
    await end;
  });

  it.each(['', 'no json', '{"verb":"status"}', '{"protocol":2,"verb":"status"}', '{"protocol":1,"verb":"fly"}'])(
    'refuses %j',
    (line) => {
      expect(() => parseRequest(line)).toThrow(expect.objectContaining({ code: 'lab-request-invalid' }));
    },
  );
});
