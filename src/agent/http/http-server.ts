/** A few read-only pages over HTTP; whoever may reach the port may read all of them. */
import { createServer } from 'node:http';

import { describeError } from '../../core/errors/coded-error.ts';

export interface Page {
  readonly status?: number;
  readonly type: string;
  readonly body: string;
}

export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

export interface HttpServer {
  close(): Promise<void>;
}

export async function serveHttp(
  pages: Pages,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url ?? '/', 'http://agent').pathname];
    const answer = async (): Promise<Page> =>
      page === undefined ? { status: 404, type: 'text/plain', body: `${Object.keys(pages).join('\n')}\n` } : page();
    void answer()
      .catch((error: unknown): Page => ({ status: 500, type: 'text/plain', body: describeError(error) }))
      .then(({ status = 200, type, body }) => response.writeHead(status, { 'content-type': type }).end(body));
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

export const json = (value: unknown, status = 200): Page => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value, (_, entry: unknown) => (entry instanceof Map ? [...entry] : entry instanceof Set ? [...entry] : entry), 2)}\n`,
});
