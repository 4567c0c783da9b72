/** One instance as EC2 shows it: described once, then kept up by the outcomes of our own calls until it is due again. */
import type { Ec2, Ec2Instance } from '../../aws/port.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import { ec2Tags } from '../../core/names.ts';
import { afterOutcome, type Outcome } from '../../core/plan/outcome.ts';
import type { ObservedInterface } from '../../core/plan/snapshot.ts';
import type { Clock } from '../../kube/clock.ts';
import { LAG_MS, mergeObservation, type OwnAction } from './merge-observation.ts';

export interface Observation {
  readonly instance: Ec2Instance;
  readonly interfaces: readonly ObservedInterface[];
}

export interface Observer {
  /** Asks EC2 only when the last observation is due. Throws ec2-* and instance-unknown. */
  observe(): Promise<Observation>;
  /** The interfaces alone, of an instance that may be gone; always asks EC2. */
  remaining(): Promise<readonly ObservedInterface[]>;
  apply(outcome: Outcome): void;
  /** The next observation is due after so long at the latest; 0: EC2 has contradicted what we believe. */
  dueAfter(ms: number): void;
}

export interface ObserverOptions {
  readonly ec2: Pick<Ec2, 'instances' | 'interfaces'>;
  readonly instance: string;
  readonly clock: Clock;
}

/** How long a change that somebody else makes in EC2 may stay unseen. */
export const OBSERVE_EVERY_MS = 300_000;

export function createObserver({ ec2, instance: id, clock }: ObserverOptions): Observer {
  const own = new Map<string, OwnAction>();
  let instance: Ec2Instance | undefined;
  let interfaces: readonly ObservedInterface[] = [];
  let dueAtMs = 0;

  const describe = async (): Promise<readonly ObservedInterface[]> => {
    const [attached, tagged] = await Promise.all([
      ec2.interfaces({ instance: id }),
      ec2.interfaces({ tags: { [ec2Tags.instance]: id } }),
    ]);
    const described = [...new Map([...tagged, ...attached].map((seen) => [seen.id, seen])).values()];
    const nowMs = clock.now();
    for (const [key, { atMs }] of own) if (nowMs - atMs >= LAG_MS) own.delete(key);
    interfaces = mergeObservation({ described, own, nowMs });
    return interfaces;
  };
  return {
    async observe() {
      if (instance === undefined || clock.now() >= dueAtMs) {
        const [[found]] = await Promise.all([ec2.instances([id]), describe()]);
        if (found === undefined) throw new CodedError('instance-unknown', { detail: id });
        instance = found;
        dueAtMs = clock.now() + OBSERVE_EVERY_MS;
      }
      return { instance, interfaces };
    },
    remaining: describe,
    apply(outcome) {
      const target = 'created' in outcome ? outcome.created.id : outcome.action.interface;
      const now = afterOutcome(
        interfaces.find((seen) => seen.id === target),
        outcome,
      );
      own.set(target, { interface: now, atMs: clock.now() });
      const others = interfaces.filter((seen) => seen.id !== target);
      interfaces = now === undefined ? others : [...others, now];
    },
    dueAfter(ms) {
      dueAtMs = Math.min(dueAtMs, clock.now() + ms);
    },
  };
}
