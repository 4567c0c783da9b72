/** Pages of the Describe calls. A token is opaque and belongs to the parameters that it was given for. */
import { createHash } from 'node:crypto';

import { Ec2Error } from '../ec2-error.ts';

export interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

export interface PageOptions<T> {
  readonly request: PageRequest;
  /** What stays the same while others come and go. */
  readonly idOf: (item: T) => string;
  /** Name of the parameter that lists ids, where the call refuses it together with MaxResults. */
  readonly exclusive?: { readonly name: string; readonly ids: readonly string[] | undefined };
  /** Default 5. */
  readonly least?: number;
  /** Default 1,000: more is taken as this. */
  readonly most?: number;
}

interface Token {
  readonly index: number;
  /** The last item of the page before: its place, should items before it have gone. */
  readonly after: string;
  readonly request: string;
}

export function paginate<T>(
  items: readonly T[],
  options: PageOptions<T>,
): { readonly page: readonly T[]; readonly nextToken: string | undefined } {
  const { request, idOf, exclusive, least = 5, most = 1000 } = options;
  const { MaxResults: size, NextToken: token } = request;
  if (size === undefined && token === undefined) return { page: items, nextToken: undefined };
  if (exclusive?.ids !== undefined && exclusive.ids.length > 0) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      `The parameter ${exclusive.name} cannot be used with the parameter maxResults`,
    );
  }
  if (size !== undefined && (size < least || !Number.isInteger(size))) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value greater than ${least}.`,
    );
  }
  const fingerprint = fingerprintOf(request);
  const start = token === undefined || token === '' ? 0 : startOf(items, { token, fingerprint, idOf });
  const end = Math.min(start + Math.min(size ?? most, most), items.length);
  const last = items[end - 1];
  const more = end < items.length && last !== undefined;
  return {
    page: items.slice(start, end),
    nextToken: more ? encode({ index: end, after: idOf(last), request: fingerprint }) : undefined,
  };
}

function startOf<T>(
  items: readonly T[],
  {
    token,
    fingerprint,
    idOf,
  }: { readonly token: string; readonly fingerprint: string; readonly idOf: (item: T) => string },
): number {
  const decoded = decode(token);
  if (decoded === undefined || decoded.request !== fingerprint) {
    throw new Ec2Error('InvalidNextToken', `The token '${token}' is invalid`);
  }
  const at = items.findIndex((item) => idOf(item) === decoded.after);
  return at < 0 ? Math.min(decoded.index, items.length) : at + 1;
}

const fingerprintOf = (request: object): string =>
  createHash('sha256')
    .update(JSON.stringify({ ...request, NextToken: undefined, MaxResults: undefined }))
    .digest('hex')
    .slice(0, 16);

const encode = (token: Token): string => Buffer.from(JSON.stringify(token)).toString('base64url');

function decode(text: string): Token | undefined {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<Token> | null;
    if (typeof token?.index !== 'number' || typeof token.after !== 'string' || typeof token.request !== 'string') {
      return undefined;
    }
    return { index: token.index, after: token.after, request: token.request };
  } catch {
    return undefined;
  }
}
