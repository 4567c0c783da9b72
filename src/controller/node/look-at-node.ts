/** All that a plan for one node is made from, read in the order in which one thing tells what to ask for next. */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { InstanceLimits } from '../../core/limits/instance-limits.ts';
import { branchesToSee } from '../../core/plan/place-branches.ts';
import type { ObservedBranch, PodFact } from '../../core/plan/snapshot.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { PodGroupsMode } from '../../core/settings/settings.ts';
import { isBehind } from './is-behind.ts';
import { LAG_MS } from './merge-observation.ts';
import { knownRecord, latestRecord } from './node-state.ts';
import type { Observation } from './observer.ts';
import type { SettleInput } from './settle-node.ts';
import { type Askers, whoAsks } from './who-asks.ts';

export interface Sight extends Askers {
  readonly observation: Observation;
  readonly limits: InstanceLimits;
  readonly mode: PodGroupsMode;
  readonly branches: readonly ObservedBranch[];
  readonly record: NodeNetwork | undefined;
  /** EKS's controller could not be asked to serve the pods of the node. */
  readonly isEksUnasked: boolean;
  /** Why something seen is older than it should be, or not there. */
  readonly troubles: readonly CodedError[];
}

/** undefined: EC2 shows less than the record says, and may be behind. */
export async function lookAtNode(input: SettleInput): Promise<Sight | undefined> {
  const { node, state, cluster, clock, settings } = input;
  const first = await state.observer.observe();
  const { type, vpc } = first.instance;
  const limits = await input.limits(type);
  const askers = await whoAsks(input, vpc);
  const record = latestRecord(cluster.records.get({ name: node.name }), state.written);
  if (record !== undefined && clock.now() - state.sinceMs < LAG_MS && isBehind(first, record)) return undefined;
  const { podGroupsMode: mode, podGroupsEnabled } = settings();
  const isEks = mode === 'eks' && podGroupsEnabled;
  const eksTrouble = isEks && !state.isEksAsked ? await input.askEks(node) : undefined;
  state.isEksAsked = isEks && eksTrouble === undefined;
  const known = record === undefined ? undefined : knownRecord(record);
  const claimed = branchesToSee({ pods: askers.pods, mode, record: known });
  const { branches, news, trouble } = await state.branches.observe(vpc, claimed);
  // A pod whose claim EC2 could not be asked about is told so, and not that EC2 does not know the interface.
  const isUnasked = ({ eni }: PodFact): boolean =>
    eni !== undefined && !(eni instanceof CodedError) && !branches.some(({ id }) => id === eni.id);
  const pods =
    trouble === undefined ? askers.pods : askers.pods.map((pod) => (isUnasked(pod) ? { ...pod, eni: trouble } : pod));
  // EKS's controller has attached their trunk since we looked.
  state.observer.expect(news);
  const observation = await state.observer.observe();
  const troubles = [observation.trouble, trouble, askers.facts.trouble, eksTrouble].filter(
    (error) => error !== undefined,
  );
  return {
    observation,
    limits,
    ...askers,
    pods,
    mode,
    branches,
    record,
    isEksUnasked: eksTrouble !== undefined,
    troubles,
  };
}
