/** Credentials of an instance's role: any key is good for the lab's EC2, so they only have to look and age like EC2's. */
import { createHash } from 'node:crypto';

import type { InstanceEntity } from '../state/tables.ts';

const LIFE_MS = 6 * 3_600_000;

/** The role is named like its profile. */
export const roleOf = ({ instanceProfile }: InstanceEntity): string | undefined =>
  instanceProfile === undefined ? undefined : instanceProfile.slice(instanceProfile.lastIndexOf('/') + 1);

/** New ones every three hours, so that those that are handed out are never about to expire. */
export function roleCredentials(instance: InstanceEntity, nowMs: number): string {
  const period = Math.floor(nowMs / (LIFE_MS / 2));
  const digest = createHash('sha512').update(`${instance.id}:${period}`).digest('base64url');
  const updatedMs = period * (LIFE_MS / 2);
  const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  return JSON.stringify(
    {
      Code: 'Success',
      LastUpdated: time(updatedMs),
      Type: 'AWS-HMAC',
      AccessKeyId: `ASIA${digest
        .toUpperCase()
        .replaceAll(/[^A-Z2-7]/g, 'A')
        .slice(0, 16)}`,
      SecretAccessKey: digest.slice(16, 56),
      Token: digest,
      Expiration: time(updatedMs + LIFE_MS),
    },
    null,
    2,
  );
}
