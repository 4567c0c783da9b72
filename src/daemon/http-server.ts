/** A few read-only pages over HTTP, for the kubelet, Prometheus and people; who reaches the port may read all of them. */
import { createServer } from 'node:http';

import { describeError } from '../core/errors/coded-error.ts';

export interface Page {
  /** Default 200. */
  readonly status?: number;
  /** Default `text/plain`. */
  readonly type?: string;
  readonly body: string;
}

export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

export interface HttpServer {
  close(): Promise<void>;
}

export async function serveHttp(
  pages: Pages,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const find = async (path: string): Promise<Page> => {
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    return page === undefined ? { status: 404, body: `${Object.keys(pages).join('\n')}\n` } : page();
  };
  const server = createServer((request, response) => {
    void find((request.url ?? '/').replace(/\?.*/, ''))
      .catch((error: unknown): Page => ({ status: 500, body: `${describeError(error)}\n` }))
      .then(({ status = 200, type = 'text/plain', body }) =>
        response.writeHead(status, { 'content-type': type }).end(body),
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Maps and sets are shown as lists, and what is too great for a JSON number as text. */
export const json = (value: unknown): Page => ({
  type: 'application/json',
  body: `${JSON.stringify(value, shown, 2)}\n`,
});

function shown(_: string, entry: unknown): unknown {
  if (typeof entry === 'bigint') return String(entry);
  return entry instanceof Map || entry instanceof Set ? [...entry] : entry;
}
