/** The strict mode: whose signature is checked, and what its key's policies allow. */
import type { Caller } from '../protocol/signature.ts';
import type { View } from '../state/draft.ts';
import { Ec2Error } from '../state/ec2-error.ts';
import { evaluatePolicies } from './evaluate-policy.ts';
import type { AccessKey } from './policy.ts';
import { accessesOf } from './request-accesses.ts';
import { verifySignature } from './verify-signature.ts';

export interface AuthoriseOptions {
  readonly keys: ReadonlyMap<string, AccessKey>;
  readonly region: string;
  readonly account: string;
  readonly nowMs: () => number;
}

export interface AuthorisedCall {
  readonly view: View;
  readonly caller: Caller;
  readonly action: string;
  readonly request: Readonly<Record<string, unknown>>;
}

export interface Authorise {
  /** Throws AuthFailure. */
  authenticate(caller: Caller): void;
  /** Throws UnauthorizedOperation. */
  authorise(call: AuthorisedCall): void;
}

export function createAuthorise({ keys, region, account, nowMs }: AuthoriseOptions): Authorise {
  const keyOf = ({ accessKeyId }: Caller): AccessKey => {
    const key = keys.get(accessKeyId);
    if (key === undefined) {
      throw new Ec2Error('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
    }
    return key;
  };
  return {
    authenticate(caller) {
      verifySignature(caller.signed, { secretAccessKey: keyOf(caller).secretAccessKey, nowMs: nowMs() });
    },
    authorise({ view, caller, action, request }) {
      const { arn, policies } = keyOf(caller);
      for (const access of accessesOf({ view, action, request, region, account })) {
        const decision = evaluatePolicies(policies, access);
        if (decision !== 'allowed') throw unauthorised({ arn, ...access, denied: decision === 'denied' });
      }
    },
  };
}

interface Refused {
  readonly arn: string;
  readonly action: string;
  readonly resource: string;
  readonly denied: boolean;
}

/** Describe calls have no resource and no encoded part. */
function unauthorised({ arn, action, resource, denied }: Refused): Ec2Error {
  const why = denied
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`;
  const where = resource === '*' ? '' : ` on resource: ${resource}`;
  const details = JSON.stringify({
    allowed: false,
    explicitDeny: denied,
    context: { principal: arn, action, resource },
  });
  const encoded =
    resource === '*' ? '' : ` Encoded authorization failure message: ${Buffer.from(details).toString('base64url')}`;
  return new Ec2Error(
    'UnauthorizedOperation',
    `You are not authorized to perform this operation. User: ${arn} is not authorized to perform: ${action}${where} ${why}.${encoded}`,
    403,
  );
}
