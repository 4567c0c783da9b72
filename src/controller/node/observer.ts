/** One instance as EC2 shows it: described once, then kept up by the outcomes of our own calls until it is due again. */
import type { Ec2, Ec2Instance } from '../../aws/port.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import { ec2Tags } from '../../core/names.ts';
import { primaryOf } from '../../core/plan/observed.ts';
import { afterOutcome, type Outcome } from '../../core/plan/outcome.ts';
import type { ObservedInterface } from '../../core/plan/snapshot.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Described, InterfaceSweep } from '../vpc/interface-sweep.ts';
import { LAG_MS, mergeObservation, type OwnAction } from './merge-observation.ts';

export interface Observation {
  readonly instance: Ec2Instance;
  readonly interfaces: readonly ObservedInterface[];
  /** Why EC2 could not be asked again: what is said here is older, then. */
  readonly trouble?: CodedError;
}

export interface Observer {
  /** Asks EC2 only when the last observation is due. Throws ec2-* and instance-unknown where there is none yet. */
  observe(): Promise<Observation>;
  /** The next observation is made now and is of this instance alone, unless it shows all of these interfaces already. */
  expect(ids: readonly string[]): void;
  /** The interfaces alone, of an instance that may be gone; always asks EC2. */
  remaining(): Promise<readonly ObservedInterface[]>;
  apply(outcome: Outcome): void;
  /** The next observation is due after so long at the latest, and is of this instance alone. */
  dueAfter(ms: number): void;
}

export interface ObserverOptions {
  readonly ec2: Pick<Ec2, 'instances' | 'interfaces'>;
  readonly sweep: InterfaceSweep;
  readonly instance: string;
  readonly clock: Clock;
}

/** How long a change that somebody else makes in EC2 may stay unseen. */
export const OBSERVE_EVERY_MS = 300_000;
/** How soon EC2 is asked again that did not answer. */
export const OBSERVE_AGAIN_MS = 5000;

export function createObserver({ ec2, sweep, instance: id, clock }: ObserverOptions): Observer {
  const own = new Map<string, OwnAction>();
  let instance: Ec2Instance | undefined;
  let interfaces: readonly ObservedInterface[] = [];
  let dueAtMs = 0;
  let isUrgent = false;
  let hasSeen = false;
  let trouble: CodedError | undefined;

  const describe = async (): Promise<Described> => {
    const atMs = clock.now();
    const [attached, tagged] = await Promise.all([
      ec2.interfaces({ instance: id }),
      ec2.interfaces({ tags: { [ec2Tags.instance]: id } }),
    ]);
    return { atMs, interfaces: [...new Map([...tagged, ...attached].map((seen) => [seen.id, seen])).values()] };
  };
  const look = async (found: Ec2Instance): Promise<Described> => {
    if (isUrgent) return describe();
    const shared = await sweep.of(found.vpc, id);
    // The shared look may be older than the instance.
    return primaryOf({ ...shared, instance: found }) === undefined ? describe() : shared;
  };
  const accept = ({ interfaces: described, atMs: nowMs }: Described): readonly ObservedInterface[] => {
    for (const [key, { atMs }] of own) if (nowMs - atMs >= LAG_MS) own.delete(key);
    interfaces = mergeObservation({ described, own, nowMs });
    return interfaces;
  };
  /** Pods that need no call are served by what was seen before, as long as EC2 is away. */
  const lookAgain = async (found: Ec2Instance): Promise<void> => {
    try {
      accept(await look(found));
    } catch (error) {
      if (!hasSeen || !(error instanceof CodedError)) throw error;
      trouble = error;
      dueAtMs = clock.now() + OBSERVE_AGAIN_MS;
      return;
    }
    hasSeen = true;
    trouble = undefined;
    dueAtMs = clock.now() + OBSERVE_EVERY_MS;
    isUrgent = false;
  };
  return {
    async observe() {
      // Type, zone and VPC of an instance never change.
      instance ??= (await ec2.instances([id]))[0];
      if (instance === undefined) throw new CodedError('instance-unknown', { detail: id });
      if (clock.now() >= dueAtMs) await lookAgain(instance);
      return { instance, interfaces, ...(trouble === undefined ? {} : { trouble }) };
    },
    expect(ids) {
      if (ids.every((id) => interfaces.some((seen) => seen.id === id))) return;
      dueAtMs = clock.now();
      isUrgent = true;
    },
    remaining: async () => accept(await describe()),
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
      if (clock.now() + ms >= dueAtMs) return;
      dueAtMs = clock.now() + ms;
      isUrgent = true;
    },
  };
}
