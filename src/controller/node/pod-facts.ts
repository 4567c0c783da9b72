/** What the pods of a node ask for, by the one matcher, resolved against the groups of the VPC. */
import { CodedError } from '../../core/errors/coded-error.ts';
import { matchGroups, type NamedGroup, resolveGroups } from '../../core/groups/match.ts';
import type { PodDemand, PodFact } from '../../core/plan/snapshot.ts';
import type { PodView, ServiceAccountView } from '../views.ts';

export interface PodFactsInput {
  readonly pods: readonly PodView[];
  /** undefined: there is none of that name, and it asks for nothing. */
  readonly serviceAccount: (ref: {
    readonly namespace: string;
    readonly name: string;
  }) => ServiceAccountView | undefined;
  readonly groups: readonly NamedGroup[];
  readonly podGroupsEnabled: boolean;
}

export const podFacts = ({ pods, ...input }: PodFactsInput): readonly PodFact[] =>
  pods
    .filter(({ hostNetwork, finished }) => !hostNetwork && !finished)
    .map((pod) => ({
      uid: pod.uid,
      demand: demandOf(pod, input),
      ...(pod.address === undefined ? {} : { address: pod.address }),
    }));

function demandOf(pod: PodView, { serviceAccount, groups, podGroupsEnabled }: Omit<PodFactsInput, 'pods'>): PodDemand {
  const account = serviceAccount({ namespace: pod.namespace, name: pod.serviceAccount });
  const request = matchGroups({
    podGroupsEnabled,
    podAnnotations: pod.annotations,
    hostNetwork: pod.hostNetwork,
    serviceAccountAnnotations: account?.annotations ?? {},
  });
  if (request.kind !== 'groups') return request;
  const resolved = resolveGroups(request.requested, groups);
  return resolved instanceof CodedError ? { kind: 'refused', error: resolved } : { kind: 'groups', groups: resolved };
}

/** A group that was made after the last poll is not known yet. */
export const asksForUnknown = ({ demand }: PodFact): boolean =>
  demand.kind === 'refused' && demand.error.code === 'group-unknown';
