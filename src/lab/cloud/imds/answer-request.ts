/** One request to the metadata service, of an instance that is already known. Pure but for the tokens that it is given. */
import type { InstanceEntity } from '../state/tables.ts';
import { metadataOptionsOf } from '../state/instances/answer-instance.ts';
import { type Node, lookUp } from './metadata-tree.ts';
import type { Tokens } from './tokens.ts';

export interface ImdsRequest {
  readonly method: string;
  readonly path: string;
  readonly header: (name: string) => string | undefined;
}

export interface ImdsAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How far the answer may travel: of tokens alone, so that nobody behind the instance gets one. */
  readonly hopLimit?: number;
}

export interface ImdsOptions {
  readonly instance: InstanceEntity;
  readonly tree: Node;
  readonly tokens: Tokens;
}

const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';
const tokenHeader = 'x-aws-ec2-metadata-token';
const tokenPath = 'latest/api/token';
const LONGEST_TTL_SECONDS = 21_600;

export function answerImds(request: ImdsRequest, { instance, tree, tokens }: ImdsOptions): ImdsAnswer {
  const options = metadataOptionsOf(instance);
  if (options.endpoint === 'disabled') return refusal(403, 'Forbidden');
  const path = request.path.replace(/^\/+|\/+$/g, '');
  if (request.method === 'PUT') return answerToken(request, { path, instance, tokens });
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, 'Not Allowed');
  const token = request.header(tokenHeader);
  const admitted = token === undefined ? options.tokens === 'optional' : tokens.isValid(token, instance.id);
  if (!admitted) return refusal(401, 'Unauthorized');
  if (path === '') return { status: 200, body: 'latest' };
  const [version = '', ...rest] = path.split('/');
  // Dated versions of the interface are all answered alike.
  const known = version === 'latest' || /^\d{4}-\d{2}-\d{2}$/.test(version);
  const body = known ? lookUp(tree, rest.join('/')) : undefined;
  return body === undefined ? refusal(404, 'Not Found') : { status: 200, body };
}

function answerToken(
  request: ImdsRequest,
  { path, instance, tokens }: { readonly path: string; readonly instance: InstanceEntity; readonly tokens: Tokens },
): ImdsAnswer {
  // Whoever stands behind a proxy is not the instance.
  if (path !== tokenPath || request.header('x-forwarded-for') !== undefined) return refusal(403, 'Forbidden');
  const text = request.header(ttlHeader) ?? '';
  const ttl = Number(text);
  if (!/^\d{1,5}$/.test(text) || ttl < 1 || ttl > LONGEST_TTL_SECONDS) return refusal(400, 'Bad Request');
  const { hopLimit } = metadataOptionsOf(instance);
  return { status: 200, body: tokens.issue(instance.id, ttl), headers: { [ttlHeader]: String(ttl) }, hopLimit };
}

const refusal = (status: number, title: string): ImdsAnswer => ({
  status,
  body: `<?xml version="1.0" encoding="iso-8859-1"?>\n<html><head><title>${status} - ${title}</title></head><body><h1>${status} - ${title}</h1></body></html>\n`,
  headers: { 'content-type': 'text/html' },
});
