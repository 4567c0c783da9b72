/**
 * The condition `branchline.dev/Network` of pods: False with the cause while one is not served, or not as it asks;
 * True once that is over. A pod with which nothing was ever wrong has none: pods start without a write of ours.
 */
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import { POD_CONDITION } from '../../core/names.ts';
import type { Log } from '../../daemon/log.ts';
import type { Clock } from '../../kube/clock.ts';
import { reasonOf } from '../../kube/events.ts';
import type { ObjectCondition } from '../../kube/objects.ts';
import type { Kube } from '../../kube/port.ts';
import { resources } from '../../kube/resources.ts';
import type { PodView } from '../views.ts';
import type { Problem } from './reporter.ts';

export interface PodConditions {
  /** @param problems all that is wrong with these pods now. */
  sync(pods: readonly PodView[], problems: readonly Problem[]): void;
}

export interface PodConditionsOptions {
  readonly kube: Pick<Kube, 'patch'>;
  readonly clock: Clock;
  readonly log: Log;
}

type Wanted = Required<Pick<ObjectCondition, 'status' | 'reason' | 'message'>>;

export function createPodConditions({ kube, clock, log }: PodConditionsOptions): PodConditions {
  const underWay = new Set<string>();

  const write = async ({ name, namespace, uid, condition }: PodView, wanted: Wanted): Promise<void> => {
    const lastTransitionTime = clock.date().toISOString();
    const value = { type: POD_CONDITION, ...wanted, lastTransitionTime };
    // The list is the kubelet's too: a change of its order in between is a conflict, and what changed it brings us back.
    const place = condition === undefined ? '/status/conditions/-' : `/status/conditions/${condition.index}`;
    const body = [
      { op: 'test', path: '/metadata/uid', value: uid },
      ...(condition === undefined ? [] : [{ op: 'test', path: `${place}/type`, value: POD_CONDITION }]),
      { op: condition === undefined ? 'add' : 'replace', path: place, value },
    ];
    await kube.patch(resources.pods, { name, namespace }, { type: 'json', body }, { subresource: 'status' });
  };

  return {
    sync(pods, problems) {
      const causes = new Map(
        problems.flatMap(({ pod, error }) => (pod === undefined ? [] : [[pod.uid, error] as const])),
      );
      for (const pod of pods) {
        const wanted = wantedFor(pod, causes.get(pod.uid));
        if (wanted === undefined || underWay.has(pod.uid)) continue;
        underWay.add(pod.uid);
        // As with events: it fails no work, and nothing waits for it.
        void write(pod, wanted)
          .catch((error: unknown) => {
            const isLate = error instanceof CodedError && ['kube-conflict', 'kube-not-found'].includes(error.code);
            if (!isLate) log.warn({ pod: pod.name, error: describeError(error) }, 'a condition could not be written');
          })
          .finally(() => underWay.delete(pod.uid));
      }
    },
  };
}

/** undefined: it says so already, or need not say anything. */
function wantedFor({ condition }: PodView, error: CodedError | undefined): Wanted | undefined {
  if (error === undefined) {
    if (condition === undefined || condition.status === 'True') return undefined;
    return { status: 'True', reason: 'Served', message: '' };
  }
  const reason = reasonOf(error.code);
  if (condition?.status === 'False' && condition.reason === reason) return undefined;
  return { status: 'False', reason, message: error.message };
}
