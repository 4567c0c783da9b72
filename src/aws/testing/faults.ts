/** Faults that a test injects into the fake: what EC2 and the network do to a caller on a bad day. */
import { CodedError } from '../../core/errors/coded-error.ts';
import { type Ec2Failure, codeOf } from '../ec2-error.ts';
import type { Ec2 } from '../port.ts';

export type Verb = keyof Ec2;

export type Fault =
  /** RequestLimitExceeded; nothing happens. */
  | { readonly kind: 'throttled' }
  /** No connection; nothing happens. */
  | { readonly kind: 'unreachable' }
  /** The call takes effect and its answer never arrives. */
  | { readonly kind: 'lostAnswer' }
  /** Any other answer of EC2; nothing happens. */
  | { readonly kind: 'refused'; readonly failure: Ec2Failure };

export const failWith = (verb: string, failure: Ec2Failure): CodedError =>
  new CodedError(codeOf(failure), { detail: `${failure.code}: ${failure.message} (${verb})` });

const unreachable = (verb: string): CodedError => failWith(verb, { code: 'TimeoutError', message: 'socket hang up' });

export interface Faults {
  /** The next `times` calls of the verb meet the fault; faults of one verb come in the order in which they were injected. */
  inject(verb: Verb, fault: Fault, times?: number): void;
  run<T>(verb: Verb, effect: () => T): Promise<T>;
}

export function createFaults(): Faults {
  const waiting = new Map<Verb, Fault[]>();
  return {
    inject(verb, fault, times = 1) {
      const queue = waiting.get(verb) ?? [];
      waiting.set(verb, [...queue, ...Array.from({ length: times }, () => fault)]);
    },
    // eslint-disable-next-line typescript/require-await -- a failure must reject, as the port's calls do, not throw
    async run(verb, effect) {
      const fault = waiting.get(verb)?.shift();
      switch (fault?.kind) {
        case undefined:
          return effect();
        case 'throttled':
          throw failWith(verb, { code: 'RequestLimitExceeded', message: 'Request limit exceeded.', status: 503 });
        case 'unreachable':
          throw unreachable(verb);
        case 'lostAnswer':
          effect();
          throw unreachable(verb);
        case 'refused':
          throw failWith(verb, fault.failure);
      }
    },
  };
}
