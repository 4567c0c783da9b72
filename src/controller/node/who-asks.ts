/** The pods of a node and what they ask for, with EC2's facts of the VPC that this was resolved against. */
import type { PodFact } from '../../core/plan/snapshot.ts';
import type { PodView } from '../views.ts';
import type { VpcFacts } from '../vpc/vpc-watch.ts';
import { asksForUnknown, podFacts } from './pod-facts.ts';
import type { SettleInput } from './settle-node.ts';

export interface Askers {
  readonly facts: VpcFacts;
  readonly pods: readonly PodFact[];
  /** By UID. */
  readonly views: ReadonlyMap<string, PodView>;
}

export async function whoAsks(input: SettleInput, vpc: string): Promise<Askers> {
  const { node, cluster, settings, vpcs, reporter } = input;
  const present = input.pods.of(node.name);
  const views = new Map(present.map((pod) => [pod.uid, pod]));
  const read = ({ groups }: VpcFacts): readonly PodFact[] =>
    podFacts({
      pods: present,
      serviceAccount: (ref) => cluster.serviceAccounts.get(ref),
      policies: cluster.policies.all(),
      groups,
      podGroupsEnabled: settings().podGroupsEnabled,
    });
  const facts = await vpcs.facts(vpc);
  const pods = read(facts);
  // A group that was made after the last poll is worth one look; a wrong name is not worth one each time.
  const isNews = ({ uid, demand }: PodFact): boolean => {
    const pod = views.get(uid);
    return pod !== undefined && demand.kind === 'refused' && !reporter.isTold(node, { pod, error: demand.error });
  };
  if (!pods.some((pod) => asksForUnknown(pod) && isNews(pod))) return { facts, pods, views };
  const fresh = await vpcs.refreshGroups(vpc);
  return { facts: fresh, pods: read(fresh), views };
}
