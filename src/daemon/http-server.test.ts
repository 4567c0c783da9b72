import { afterEach, describe, expect, it } from 'vitest';

import { type HttpServer, json, serveHttp } from './http-server.ts';

describe('the pages of a daemon', () => {
  let server: HttpServer | undefined;
  afterEach(async () => server?.close());
  const port = 20_000 + (process.pid % 10_000);
  const get = async (path: string): Promise<readonly [number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    return [answer.status, await answer.text()];
  };

  it('are found by their path, and a wrong path lists them', async () => {
    const pages = {
      '/readyz': () => ({ body: 'ok\n' }),
      '/state': () => json({ ready: new Set(['eni-1']), address: 1n }),
    };
    server = await serveHttp(pages, { host: '127.0.0.1', port });
    expect(await get('/readyz?verbose')).toEqual([200, 'ok\n']);
    expect(await get('/state')).toEqual([200, '{\n  "ready": [\n    "eni-1"\n  ],\n  "address": "1"\n}\n']);
    expect(await get('/constructor')).toEqual([404, '/readyz\n/state\n']);
  });

  it('answer with the error when one of them fails', async () => {
    const fail = () => Promise.reject(new Error('no registry'));
    server = await serveHttp({ '/metrics': fail }, { host: '127.0.0.1', port });
    expect(await get('/metrics')).toEqual([500, 'no registry\n']);
  });
});
