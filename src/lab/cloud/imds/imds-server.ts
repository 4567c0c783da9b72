/** The instance metadata service of one VPC: which instance asks is told by the address that it asks from. */
import { type IncomingMessage, createServer } from 'node:http';

import { type Ipv4, parseIpv4 } from '../../../core/address/ipv4.ts';
import { containsAddress } from '../../../core/address/prefix.ts';
import { type HttpServer, type Where, listen } from '../engine/listen.ts';
import type { View } from '../state/draft.ts';
import type { InstanceEntity } from '../state/tables.ts';
import { type ImdsAnswer, answerImds } from './answer-request.ts';
import { roleCredentials } from './credentials.ts';
import { metadataTree } from './metadata-tree.ts';
import type { Tokens } from './tokens.ts';

export interface ImdsServerOptions {
  readonly view: View;
  readonly vpc: string;
  readonly tokens: Tokens;
  readonly region: string;
  readonly account: string;
  readonly nowMs: () => number;
  readonly where: Where;
  /** Default: hop limits are not kept. */
  readonly setTtl?: ((fd: number, ttl: number) => void) | undefined;
}

/** Of answers that may travel. */
const USUAL_TTL = 64;

export function serveImds(options: ImdsServerOptions): Promise<HttpServer> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('error', () => response.destroy());
    const { status, body, headers, hopLimit = USUAL_TTL } = answer(options, request);
    limitHops(request, hopLimit, options.setTtl);
    response.writeHead(status, {
      'content-type': 'text/plain',
      'content-length': Buffer.byteLength(body),
      server: 'EC2ws',
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  return listen(server, options.where);
}

/** Kept until the next answer on the connection: what is lost on the way is sent again. */
function limitHops({ socket }: IncomingMessage, hopLimit: number, setTtl: ImdsServerOptions['setTtl']): void {
  // Node tells a socket's descriptor nowhere else.
  const { _handle: handle } = socket as typeof socket & { readonly _handle?: { readonly fd?: number } | null };
  if (setTtl !== undefined && handle?.fd !== undefined && handle.fd >= 0) setTtl(handle.fd, hopLimit);
}

function answer(options: ImdsServerOptions, request: IncomingMessage): ImdsAnswer {
  const { view, vpc, tokens, region, account, nowMs } = options;
  const instance = instanceAt(view, vpc, request.socket.remoteAddress ?? '');
  if (instance === undefined) return { status: 404, body: '' };
  const credentials = (): string => roleCredentials(instance, nowMs());
  const asked = {
    method: request.method ?? '',
    path: (request.url ?? '/').split('?')[0] ?? '/',
    header: (name: string) => request.headers[name]?.toString(),
  };
  return answerImds(asked, { instance, tree: metadataTree(view, instance, { region, account, credentials }), tokens });
}

/** The instance that has the interface that has the address. */
export function instanceAt(view: View, vpc: string, text: string): InstanceEntity | undefined {
  const parsed = parseIpv4(text.replace(/^::ffff:/, ''));
  if (!parsed.ok) return undefined;
  const address: Ipv4 = parsed.value;
  for (const each of view.all('interfaces')) {
    const carrier = each.trunk === undefined ? each : view.get('interfaces', each.trunk.interface);
    if (each.vpc !== vpc || carrier?.attachment === undefined) continue;
    const owns = each.addresses.includes(address) || each.prefixes.some((prefix) => containsAddress(prefix, address));
    if (owns) return view.get('instances', carrier.attachment.instance);
  }
  return undefined;
}
