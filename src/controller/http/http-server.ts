/** A few read-only pages over HTTP, for the kubelet and Prometheus. */
import { createServer } from 'node:http';

import { describeError } from '../../core/errors/coded-error.ts';

export interface Page {
  readonly status?: number;
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
    const page = pages[path];
    if (page === undefined) return { status: 404, body: `${Object.keys(pages).join('\n')}\n` };
    return Promise.resolve(page()).catch((error: unknown) => ({ status: 500, body: `${describeError(error)}\n` }));
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://controller').pathname;
    void find(path).then(({ status = 200, type = 'text/plain', body }) =>
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
