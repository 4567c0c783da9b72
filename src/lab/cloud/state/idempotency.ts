/** Client tokens: the same token with the same parameters makes nothing new, with others it is refused. */
import { createHash } from 'node:crypto';

import type { Draft } from './draft.ts';
import { Ec2Error } from './ec2-error.ts';

export interface TokenRequest {
  readonly ClientToken?: string | undefined;
  readonly DryRun?: boolean | undefined;
}

/** Ids that the token made before; undefined when it is new or there is none. */
export function usedToken(draft: Draft, action: string, request: TokenRequest): readonly string[] | undefined {
  const { ClientToken: token } = request;
  if (token === undefined || token === '') return undefined;
  // eslint-disable-next-line no-control-regex -- all of ASCII is meant
  if (token.length > 64 || !/^[\u0000-\u007F]*$/.test(token)) {
    throw new Ec2Error('InvalidParameterValue', `Value (${token}) for parameter clientToken is invalid.`);
  }
  const used = draft.get('tokens', idOf(action, token));
  if (used === undefined) return undefined;
  if (used.fingerprint !== fingerprintOf(request)) {
    throw new Ec2Error(
      'IdempotentParameterMismatch',
      'The request uses the same client token as a previous, but non-identical request.',
    );
  }
  return used.resources;
}

export function rememberToken(
  draft: Draft,
  {
    action,
    request,
    resources,
  }: { readonly action: string; readonly request: TokenRequest; readonly resources: readonly string[] },
): void {
  const { ClientToken: token } = request;
  if (token === undefined || token === '') return;
  draft.put('tokens', { id: idOf(action, token), fingerprint: fingerprintOf(request), resources });
}

const idOf = (action: string, token: string): string => `${action}:${token}`;

const fingerprintOf = (request: TokenRequest): string =>
  createHash('sha256')
    .update(JSON.stringify({ ...request, DryRun: undefined }))
    .digest('hex');
