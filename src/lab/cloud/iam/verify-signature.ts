/** Signature Version 4, checked as AWS describes it: by the Authorization header, or by the query of a presigned call. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import type { SignedRequest } from '../protocol/signature.ts';
import { Ec2Error } from '../state/ec2-error.ts';

const SKEW_MS = 15 * 60_000;

const failed = (): Ec2Error =>
  new Ec2Error('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);

export function verifySignature(
  request: SignedRequest,
  { secretAccessKey, nowMs }: { readonly secretAccessKey: string; readonly nowMs: number },
): void {
  const mark = request.url.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : request.url.slice(mark + 1));
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : value?.join(',');
  };
  const presigned = query.has('X-Amz-Signature');
  const authorization = header('authorization') ?? '';
  const part = (name: string): string =>
    (presigned ? query.get(`X-Amz-${name}`) : new RegExp(`${name}=([^,\\s]+)`).exec(authorization)?.[1]) ?? '';
  const time = (presigned ? query.get('X-Amz-Date') : header('x-amz-date')) ?? '';
  mustBeTimely(time, { nowMs, lifeMs: presigned ? Number(query.get('X-Amz-Expires') ?? 0) * 1000 : 0 });
  const [, date = '', region = '', service = ''] = part('Credential').split('/');
  const signedHeaders = part('SignedHeaders');
  query.delete('X-Amz-Signature');
  const canonical = [
    request.method,
    mark < 0 ? request.url : request.url.slice(0, mark),
    canonicalQuery(query),
    ...signedHeaders.split(';').map((name) => `${name}:${(header(name) ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    signedHeaders,
    header('x-amz-content-sha256') ?? sha256(request.body),
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`);
  const expected = Buffer.from(hmac(key, text).toString('hex'));
  const given = Buffer.from(part('Signature'));
  const claimed = header('x-amz-content-sha256') ?? sha256(request.body);
  if (claimed !== sha256(request.body)) throw failed();
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) throw failed();
}

function mustBeTimely(time: string, { nowMs, lifeMs }: { readonly nowMs: number; readonly lifeMs: number }): void {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const signedMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(signedMs)) throw failed();
  if (signedMs > nowMs + SKEW_MS || signedMs + Math.max(SKEW_MS, lifeMs) < nowMs) {
    throw new Ec2Error('RequestExpired', 'Request has expired.');
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);

const canonicalQuery = (query: URLSearchParams): string =>
  [...query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
