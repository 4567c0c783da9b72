/**
 * Whether a pod may be wired now, and with which interfaces: a pure function of what the agent knows. A pod that asks
 * for groups gets exactly those or nothing; it must never fall back to the node's.
 */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { GroupPolicy } from '../../core/groups/policy.ts';
import { matchGroups, type NamedGroup, resolveGroups } from '../../core/groups/match.ts';
import type { BranchRecord, InterfaceRecord, NodeNetworkSpec, SetRecord } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { Settings } from '../../core/settings/settings.ts';
import type { BranchWay } from '../journal/journal.ts';
import { branchWay } from '../wire/plan-branches.ts';
import type { PodView, ServiceAccountView } from '../world/pod-view.ts';

export interface Knowledge {
  /** undefined until the ConfigMaps were read, from the API server or from the last copy on disk. */
  readonly settings: Settings | undefined;
  /** The record that is in force; undefined until one was accepted. */
  readonly spec: NodeNetworkSpec | undefined;
  readonly securityGroups: readonly SecurityGroupRecord[];
  /** Ids of the record's interfaces and branches whose links, routes and rules are in the kernel. */
  readonly readyInterfaces: ReadonlySet<string>;
}

export interface Subject {
  /** undefined until the API server has shown the pod. */
  readonly pod: PodView | undefined;
  /** undefined until it was seen. */
  readonly serviceAccount: ServiceAccountView | undefined;
  /** undefined until they were read, from the API server or from the last copy on disk. */
  readonly policies: readonly GroupPolicy[] | undefined;
}

/** Where the pod's address comes from. */
export type Place =
  | {
      readonly kind: 'shared';
      /** Absent for a pod with the node's groups. */
      readonly set?: SetRecord;
      /** Those that may serve it. */
      readonly interfaces: readonly InterfaceRecord[];
    }
  | { readonly kind: 'branch'; readonly set: SetRecord; readonly branch: BranchRecord; readonly way: BranchWay };

export type Decision =
  | {
      readonly kind: 'serve';
      readonly pod: PodView;
      readonly place: Place;
      /** The node's own. */
      readonly first: InterfaceRecord;
      readonly settings: Settings;
    }
  | { readonly kind: 'wait'; readonly cause: CodedError }
  | { readonly kind: 'refuse'; readonly error: CodedError };

const wait = (code: CodedError['code'], detail: string): Decision => ({
  kind: 'wait',
  cause: new CodedError(code, { detail }),
});

export function decide(knowledge: Knowledge, { pod, serviceAccount, policies }: Subject): Decision {
  const { settings, spec } = knowledge;
  if (policies === undefined) return wait('pod-unknown', 'the SecurityGroupPolicies have not been read yet');
  if (pod === undefined) return wait('pod-unknown', 'not among the pods of this node yet');
  if (settings === undefined) return wait('pod-unknown', 'the settings have not been read yet');
  if (serviceAccount === undefined)
    return wait('pod-unknown', `its service account "${pod.serviceAccount}" has not been seen yet`);
  const request = matchGroups({
    podGroupsEnabled: settings.podGroupsEnabled,
    policies,
    pod: { ...pod, namespace: pod.metadata.namespace ?? '' },
    serviceAccount,
  });
  if (request.kind === 'refused') {
    const { error } = request;
    // Made a moment before its pod, it may just not have been seen yet.
    return error.code === 'service-account-unknown' ? { kind: 'wait', cause: error } : { kind: 'refuse', error };
  }
  const first = spec?.interfaces.find((record) => record.mac === spec.instance.primaryMac);
  if (spec === undefined || first === undefined) return wait('node-record-missing', 'no record was accepted yet');
  const place: Place | CodedError =
    request.kind === 'groups' ? placeGrouped(knowledge, spec, pod, request.requested) : placePlain(spec, pod);
  if (place instanceof CodedError) return { kind: 'wait', cause: place };
  const whole = { kind: 'serve', pod, first, settings } as const;
  if (place.kind === 'branch') {
    const { id, mac, vlan } = place.branch;
    return knowledge.readyInterfaces.has(id)
      ? { ...whole, place }
      : wait('link-missing', `branch ${id} (${mac}, VLAN ${vlan})`);
  }
  const interfaces = place.interfaces.filter((record) => knowledge.readyInterfaces.has(record.id));
  if (interfaces.length > 0) return { ...whole, place: { ...place, interfaces } };
  return wait('link-missing', place.interfaces.map(({ id, mac }) => `${id} (${mac})`).join(', '));
}

const missing = (code: CodedError['code'], detail: string): CodedError => new CodedError(code, { detail });

function placePlain({ interfaces, sets }: NodeNetworkSpec, { uid }: PodView): Place | CodedError {
  const set = sets.find(({ pods }) => pods.includes(uid));
  // The controller has seen more of policies and annotations than the agent, or less: either way, soon both the same.
  if (set !== undefined)
    return missing('groups-mismatch', `the record says ${set.groups.join(', ')}, the pod asks for none`);
  return { kind: 'shared', interfaces: interfaces.filter(({ purpose }) => purpose === 'node') };
}

/** What serves a pod with groups of its own, or what is missing. */
function placeGrouped(
  { securityGroups }: Knowledge,
  spec: NodeNetworkSpec,
  pod: PodView,
  requested: readonly string[],
): Place | CodedError {
  const groups = resolveGroups(requested, securityGroups.map(namesOf));
  // A group that is in use nowhere yet has no record: it may come, and admission has refused what EC2 does not know.
  if (groups instanceof CodedError) return groups;
  const set = spec.sets.find((candidate) => candidate.pods.includes(pod.uid));
  if (set === undefined)
    return missing('groups-not-ready', `no set of the record names the pod (it asks for ${groups.join(', ')})`);
  if (!sameGroups(set.groups, groups)) {
    return missing(
      'groups-mismatch',
      `the record says ${set.groups.join(', ')}, the pod asks for ${groups.join(', ')}`,
    );
  }
  const unknown = groups.filter((id) => !securityGroups.some((record) => record.metadata.name === id));
  if (unknown.length > 0) return missing('rules-not-ready', unknown.join(', '));
  const branches = spec.branches?.filter((branch) => branch.pod === pod.uid) ?? [];
  if (branches.length > 0) return placeOnBranch(spec, set, branches);
  const serving = spec.interfaces.filter(
    (record) => record.purpose === 'groups' && set.interfaces.includes(record.id) && sameGroups(record.groups, groups),
  );
  if (serving.length > 0) return { kind: 'shared', set, interfaces: serving };
  return missing('groups-not-ready', `no interface of the record has ${groups.join(', ')} yet`);
}

/** A pod that has a branch is never given anything else. */
function placeOnBranch(spec: NodeNetworkSpec, set: SetRecord, branches: readonly BranchRecord[]): Place | CodedError {
  const branch = branches.find(({ groups }) => sameGroups(groups, set.groups));
  if (branch === undefined) {
    const held = branches.map(({ id, groups }) => `its branch ${id} has ${groups.join(', ')}`).join('; ');
    return missing('groups-mismatch', `${held}, the set of the pod ${set.groups.join(', ')}`);
  }
  const way = branchWay(spec, branch);
  if (way === undefined)
    return missing('groups-not-ready', `the record lacks ${branch.trunk}, the trunk of ${branch.id}`);
  return { kind: 'branch', set, branch, way };
}

const namesOf = ({ metadata, spec }: SecurityGroupRecord): NamedGroup => ({
  id: metadata.name,
  groupName: spec.groupName,
  ...(spec.nameTag === undefined ? {} : { nameTag: spec.nameTag }),
});

const sameGroups = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();
