/** EC2's endpoint over HTTP: parameters in the body of a POST or in the query of a GET. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';

import { readCaller } from '../protocol/signature.ts';
import { Ec2Error } from '../state/ec2-error.ts';
import type { Control } from './control.ts';
import type { Call, Engine, Outcome } from './engine.ts';
import { type HttpServer, type Where, listen } from './listen.ts';

/** EC2's own limit is not published; the largest sensible request has a thousand ids. */
const MOST_BODY_BYTES = 1 << 20;

export interface ServeOptions {
  readonly engine: Engine;
  readonly where: Where;
  /** Default: none. The lab's own requests, for this machine only. */
  readonly control?: Control;
}

export function serveEc2({ engine, where, control }: ServeOptions): Promise<HttpServer> {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    if (control?.isFor(request) === true) control.answer(request, body ?? '', response);
    else write(response, await engine.answer(() => readCall(request, body)));
  };
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    request.on('error', () => response.destroy());
    // A client that goes away in the middle is no trouble of ours.
    handle(request, response).catch(() => response.destroy());
  });
  return listen(server, where);
}

/** undefined: more than anybody sends. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to its end all the same: a client that is still writing does not see an answer.
    if (size <= MOST_BODY_BYTES) chunks.push(chunk);
  }
  return size > MOST_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function readCall(request: IncomingMessage, body: string | undefined): Call {
  if (body === undefined) throw new Ec2Error('RequestEntityTooLarge', 'Request entity is too large');
  const { pathname, search } = splitUrl(request.url ?? '/');
  if (pathname !== '/') throw new Ec2Error('InvalidAction', `The lab's EC2 answers at / only, not at ${pathname}`);
  const parameters = new Map([...new URLSearchParams(search), ...new URLSearchParams(body)]);
  const { method = '', url = '/', headers } = request;
  return { parameters, caller: readCaller({ method, url, headers, body }, parameters) };
}

function splitUrl(url: string): { readonly pathname: string; readonly search: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { pathname: url, search: '' } : { pathname: url.slice(0, mark), search: url.slice(mark + 1) };
}

function write(response: ServerResponse, outcome: Outcome): void {
  if (outcome === 'hang') return;
  if (outcome === 'drop') {
    response.destroy();
    return;
  }
  const { status, requestId, body } = outcome;
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    'content-type': 'text/xml;charset=UTF-8',
    'content-length': bytes.length,
    'x-amzn-requestid': requestId,
    server: 'AmazonEC2',
  });
  response.end(bytes);
}
