/** A bare HTTPS server on loopback, for what happens below the API: TLS, cuts, silence. Knows nothing of objects. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { serverCert, serverKey } from './certificates.ts';

export interface StubRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface StubServer {
  readonly url: string;
  /** Whole requests, in order. */
  readonly requests: readonly StubRequest[];
  /** Connections so far. */
  connections(): number;
  close(): Promise<void>;
}

export type StubHandler = (request: StubRequest, response: ServerResponse) => void;

export async function startStubServer(handle: StubHandler): Promise<StubServer> {
  const requests: StubRequest[] = [];
  let connections = 0;
  const server = createServer({ cert: serverCert, key: serverKey }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      requests.push(request);
      handle(request, response);
    });
  });
  server.on('secureConnection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function answer(response: ServerResponse, statusCode: number, body: unknown): void {
  response.writeHead(statusCode, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** As the API server puts a refusal. */
export const statusOf = (code: number, message: string): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message,
  code,
  details: { kind: 'configmaps' },
});
