/** What the pods of a node ask for, by the one matcher, resolved against the groups of the VPC. */
import { CodedError } from '../../core/errors/coded-error.ts';
import { type GroupRequest, matchGroups, type NamedGroup, resolveGroups } from '../../core/groups/match.ts';
import type { GroupPolicy } from '../../core/groups/policy.ts';
import type { PodDemand, PodFact } from '../../core/plan/snapshot.ts';
import { parsePodEni } from '../../core/records/pod-eni.ts';
import type { PodView, ServiceAccountView } from '../views.ts';

export interface RequestInput {
  /** undefined: there is none of that name, and it asks for nothing. */
  readonly serviceAccount: (ref: {
    readonly namespace: string;
    readonly name: string;
  }) => ServiceAccountView | undefined;
  readonly policies: readonly GroupPolicy[];
  readonly podGroupsEnabled: boolean;
}

export interface PodFactsInput extends RequestInput {
  readonly pods: readonly PodView[];
  readonly groups: readonly NamedGroup[];
}

export const podFacts = ({ pods, ...input }: PodFactsInput): readonly PodFact[] =>
  pods
    .filter(({ hostNetwork, finished }) => !hostNetwork && !finished)
    .map((pod) => ({
      uid: pod.uid,
      demand: demandOf(pod, input),
      ...(pod.address === undefined ? {} : { address: pod.address }),
      ...(pod.podEni === undefined ? {} : { eni: parsePodEni(pod.podEni) }),
    }));

export function requestOf(pod: PodView, { serviceAccount, policies, podGroupsEnabled }: RequestInput): GroupRequest {
  const account = serviceAccount({ namespace: pod.namespace, name: pod.serviceAccount });
  return matchGroups({ podGroupsEnabled, policies, pod, serviceAccount: account ?? { annotations: {} } });
}

function demandOf(pod: PodView, { groups, ...input }: Omit<PodFactsInput, 'pods'>): PodDemand {
  const request = requestOf(pod, input);
  if (request.kind !== 'groups') return request;
  const resolved = resolveGroups(request.requested, groups);
  if (resolved instanceof CodedError) return { kind: 'refused', error: resolved };
  return { kind: 'groups', groups: resolved, from: request.from };
}

/** A group that was made after the last poll is not known yet. */
export const asksForUnknown = ({ demand }: PodFact): boolean =>
  demand.kind === 'refused' && demand.error.code === 'group-unknown';
