/** Session tokens of IMDSv2: any number at once, each good on its instance until it expires. */
import { createHmac, randomBytes } from 'node:crypto';

export interface Tokens {
  issue(instance: string, ttlSeconds: number): string;
  isValid(token: string, instance: string): boolean;
}

/** They carry their own end and a seal, so nothing has to be kept; they end with the process. */
export function createTokens(nowMs: () => number): Tokens {
  const key = randomBytes(32);
  const seal = (instance: string, endMs: number): string =>
    createHmac('sha256', key).update(`${instance}:${endMs}`).digest('base64url');
  return {
    issue(instance, ttlSeconds) {
      const endMs = nowMs() + ttlSeconds * 1000;
      return Buffer.from(`${endMs}:${seal(instance, endMs)}`).toString('base64');
    },
    isValid(token, instance) {
      const [end = '', sealed] = Buffer.from(token, 'base64').toString().split(':');
      const endMs = Number(end);
      return Number.isInteger(endMs) && endMs > nowMs() && sealed === seal(instance, endMs);
    },
  };
}
