/**
 * Which pods have a branch interface that EKS's own controller has given them. A pod that runs with one keeps it, in
 * every mode; any other gets one in the mode `eks` only, and only one that EC2 shows to be its own.
 */
import { CodedError } from '../errors/coded-error.ts';
import { sortedGroups } from '../groups/set-key.ts';
import { BRANCHES_PROTOCOL, POD_ENI_ANNOTATION } from '../names.ts';
import type { BranchRecord } from '../records/node-network.ts';
import { checkBranch } from './check-branch.ts';
import { isOn } from './observed.ts';
import { subnetOf } from './observed-subnet.ts';
import type { NodeSnapshot, ObservedInterface, PodFact } from './snapshot.ts';

export type BranchPlacement =
  | { readonly kind: 'branch'; readonly branch: BranchRecord }
  /** `mayPass`: it is too early to tell anybody. */
  | { readonly kind: 'waits'; readonly error: CodedError; readonly mayPass: boolean };

/** undefined: branches are not the pod's concern. @param asked sorted ids; empty: the node's; undefined: refused. */
export type PlaceOnBranch = (pod: PodFact, asked: readonly string[] | undefined) => BranchPlacement | undefined;

export function branchPlacer(snapshot: NodeSnapshot): PlaceOnBranch {
  const { mode, record, branches, subnets } = snapshot;
  const trunks = new Set(usableTrunks(snapshot).map(({ id }) => id));
  const facts = { branches, subnets, trunks };
  const isContested = contests(snapshot);

  /** What the pod runs with, though EC2 may not show it this time; what EC2 enforces counts. */
  const kept = ({ uid, address }: PodFact): BranchRecord | undefined => {
    const before = record?.spec.branches?.find((branch) => branch.pod === uid);
    if (before === undefined || before.address !== address || !trunks.has(before.trunk)) return undefined;
    const seen = branches.find(({ id, interfaceType }) => id === before.id && interfaceType === 'branch');
    return seen === undefined ? before : { ...before, groups: sortedGroups(seen.groups) };
  };
  /** A record that was lost is written anew from what pods run with. */
  const found = ({ uid, address, eni }: PodFact): BranchRecord | undefined => {
    if (eni === undefined || eni instanceof CodedError || eni.address !== address) return undefined;
    const check = checkBranch({ eni, groups: undefined }, facts);
    return check.kind === 'proven' && !isContested(uid, eni.id) ? { pod: uid, ...check.branch } : undefined;
  };
  const given = ({ uid, eni, demand }: PodFact, groups: readonly string[]): BranchPlacement => {
    if (eni === undefined) return missing(demand);
    if (eni instanceof CodedError) return { kind: 'waits', error: eni, mayPass: false };
    if (isContested(uid, eni.id)) {
      const error = new CodedError('pod-eni-mismatch', { detail: `other pods of this node claim ${eni.id} as well` });
      return { kind: 'waits', error, mayPass: false };
    }
    const check = checkBranch({ eni, groups }, facts);
    return check.kind === 'proven'
      ? { kind: 'branch', branch: { pod: uid, ...check.branch } }
      : { ...check, kind: 'waits' };
  };
  return (pod, asked) => {
    const running = pod.address === undefined ? undefined : (kept(pod) ?? found(pod));
    const isAsking = asked !== undefined && asked.length > 0;
    if (running === undefined && !(mode === 'eks' && isAsking)) return undefined;
    const placement = running === undefined ? given(pod, asked ?? []) : { kind: 'branch' as const, branch: running };
    if (placement.kind === 'waits' || knowsBranches(snapshot)) return placement;
    const protocol = record?.status?.protocol;
    const detail = protocol === undefined ? 'it has not spoken yet' : `it speaks protocol ${protocol} of the records`;
    const error = new CodedError('agent-outdated', { detail });
    return { kind: 'waits', error, mayPass: protocol === undefined };
  };
}

/** The controller uses nothing that the agent has not announced. */
export const knowsBranches = ({ record }: Pick<NodeSnapshot, 'record'>): boolean =>
  (record?.status?.protocol ?? 0) >= BRANCHES_PROTOCOL;

/** A trunk in a subnet that is not known yet comes with the next poll of the VPC. */
export const usableTrunks = ({ interfaces, instance, subnets }: NodeSnapshot): readonly ObservedInterface[] =>
  interfaces.filter(
    (seen) =>
      seen.interfaceType === 'trunk' && isOn(seen, instance.id) && !(subnetOf(seen, subnets) instanceof CodedError),
  );

/** Whom EC2 has to be asked about before a plan: ids of interfaces. */
export const branchesToSee = ({ pods, mode, record }: Pick<NodeSnapshot, 'pods' | 'mode' | 'record'>) => {
  const recorded = new Map(record?.spec.branches?.map(({ pod, id }) => [pod, id]));
  const wanted = new Map<string, { readonly id: string; readonly association?: string }>();
  for (const { uid, address, demand, eni } of pods) {
    const running = address === undefined ? undefined : recorded.get(uid);
    if (running !== undefined) wanted.set(running, { id: running });
    if (eni === undefined || eni instanceof CodedError) continue;
    if (eni.address === address || (mode === 'eks' && demand.kind === 'groups')) wanted.set(eni.id, eni);
  }
  return [...wanted.values()];
};

/** One interface serves one pod: the one that has it, else nobody of whom claims it. */
function contests({ pods, record }: NodeSnapshot): (uid: string, eni: string) => boolean {
  const present = new Set(pods.map(({ uid }) => uid));
  const holders = new Map(
    record?.spec.branches?.filter(({ pod }) => present.has(pod)).map(({ id, pod }) => [id, pod]) ?? [],
  );
  const claims = new Map<string, number>();
  for (const { eni } of pods) {
    if (eni !== undefined && !(eni instanceof CodedError)) claims.set(eni.id, (claims.get(eni.id) ?? 0) + 1);
  }
  return (uid, eni) => (holders.has(eni) ? holders.get(eni) !== uid : (claims.get(eni) ?? 0) > 1);
}

/** EKS's controller knows nothing of our annotation, so that a pod that asks by it alone waits in vain. */
function missing(demand: PodFact['demand']): BranchPlacement {
  const isAnnotated = demand.kind === 'groups' && (demand.from === 'pod' || demand.from === 'serviceAccount');
  const detail = isAnnotated
    ? `the pod asks by annotation, and no SecurityGroupPolicy matches it`
    : `it has no annotation ${POD_ENI_ANNOTATION} yet`;
  return { kind: 'waits', error: new CodedError('pod-eni-missing', { detail }), mayPass: !isAnnotated };
}
