/** An HTTP server on an address, or on a socket that already listens (in another namespace, say). */
import type { Server } from 'node:http';
import type { ListenOptions } from 'node:net';

export type Where = ListenOptions & { readonly fd?: number };

export interface HttpServer {
  readonly port: number;
  /** Ends connections that are open. */
  close(): Promise<void>;
}

export async function listen(server: Server, where: Where): Promise<HttpServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
