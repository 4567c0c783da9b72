/** Who signed a call (Signature Version 4). Any key is accepted; the form must be right. */
import type { IncomingHttpHeaders } from 'node:http';

import { Ec2Error } from '../state/ec2-error.ts';

export interface Caller {
  readonly accessKeyId: string;
}

export function readCaller(headers: IncomingHttpHeaders, parameters: ReadonlyMap<string, string>): Caller {
  const { authorization } = headers;
  const credential =
    authorization === undefined
      ? parameters.get('X-Amz-Credential')
      : /^AWS4-HMAC-SHA256 .*Credential=([^, ]+)/.exec(authorization)?.[1];
  const [accessKeyId, date, region, service, ending] = credential?.split('/') ?? [];
  const whole =
    accessKeyId !== '' && date !== undefined && region !== '' && service === 'ec2' && ending === 'aws4_request';
  if (accessKeyId === undefined || !whole) {
    throw new Ec2Error('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
  }
  return { accessKeyId };
}
