/**
 * The registry's side of the OCI distribution protocol, read-only: what a container engine asks when it pulls. It never
 * says more than 404 of what it lacks, and never writes.
 */
import { createReadStream } from 'node:fs';
import { type IncomingMessage, type ServerResponse, type Server, createServer } from 'node:http';
import { pipeline } from 'node:stream/promises';

import type { Descriptor } from './manifest.ts';

/** Where the registry's content comes from. */
export interface RegistryContent {
  /** The manifest behind a tag; may take as long as it takes to build the image. undefined: there is none. */
  manifestOf(image: { readonly repository: string; readonly tag: string }): Promise<Descriptor | undefined>;
  /** A manifest by its digest. */
  manifest(digest: string): Descriptor | undefined;
  /** Size and file of any blob. */
  blob(digest: string): { readonly size: number; readonly path: string } | undefined;
}

export interface RegistryOptions {
  readonly content: RegistryContent;
  readonly onError: (error: unknown) => void;
}

/** Not yet listening. */
export const createRegistry = ({ content, onError }: RegistryOptions): Server =>
  createServer((request, response) => {
    answer(content, request, response).catch((error: unknown) => {
      // Who has read all, or wants no more of it, may hang up.
      if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') return;
      onError(error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'UNKNOWN');
    });
  });

async function answer(content: RegistryContent, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'UNSUPPORTED');
  const url = new URL(request.url ?? '/', 'http://registry');
  if (url.pathname === '/v2/') return sendJson(response, 200, {});
  const [, path = '', kind = '', reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
  if (kind === 'blobs') {
    const blob = content.blob(reference);
    if (blob === undefined) return refuse(response, 404, 'BLOB_UNKNOWN');
    return sendBlob(request, response, { ...blob, digest: reference, mediaType: 'application/octet-stream' });
  }
  // A mirror is told whose image it is asked for.
  const repository = `${url.searchParams.get('ns') ?? 'docker.io'}/${path}`;
  const manifest =
    kind !== 'manifests'
      ? undefined
      : reference.includes(':')
        ? content.manifest(reference)
        : await content.manifestOf({ repository, tag: reference });
  const blob = manifest === undefined ? undefined : content.blob(manifest.digest);
  if (manifest === undefined || blob === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN');
  return sendBlob(request, response, { ...manifest, ...blob });
}

async function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  { digest, mediaType, size, path }: Descriptor & { readonly path: string },
): Promise<void> {
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': size,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(createReadStream(path), response);
}

const refuse = (response: ServerResponse, status: number, code: string): void =>
  sendJson(response, status, { errors: [{ code, message: code.toLowerCase().replace('_', ' ') }] });

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'docker-distribution-api-version': 'registry/2.0',
  });
  response.end(text);
}
