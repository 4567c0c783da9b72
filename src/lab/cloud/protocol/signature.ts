/** Who signed a call (Signature Version 4). The form must be right; whether the signature is, the strict mode asks. */
import { Ec2Error } from '../state/ec2-error.ts';

export interface SignedRequest {
  readonly method: string;
  /** As it was sent, with the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface Caller {
  readonly accessKeyId: string;
  readonly signed: SignedRequest;
}

export function readCaller(signed: SignedRequest, parameters: ReadonlyMap<string, string>): Caller {
  const { authorization } = signed.headers;
  const credential =
    typeof authorization === 'string'
      ? /^AWS4-HMAC-SHA256 .*Credential=([^, ]+)/.exec(authorization)?.[1]
      : parameters.get('X-Amz-Credential');
  const [accessKeyId, date, region, service, ending] = credential?.split('/') ?? [];
  const whole =
    accessKeyId !== '' && date !== undefined && region !== '' && service === 'ec2' && ending === 'aws4_request';
  if (accessKeyId === undefined || !whole) {
    throw new Ec2Error('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
  }
  return { accessKeyId, signed };
}
