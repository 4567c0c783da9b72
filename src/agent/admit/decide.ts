/**
 * Whether a pod may be wired now, and with which interfaces: a pure function of what the agent knows. A pod that asks
 * for groups gets exactly those or nothing; it must never fall back to the node's.
 */
import { CodedError } from '../../core/errors/coded-error.ts';
import { matchGroups, type NamedGroup, resolveGroups } from '../../core/groups/match.ts';
import type { InterfaceRecord, NodeNetworkSpec, SetRecord } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { Settings } from '../../core/settings/settings.ts';
import type { PodView, ServiceAccountView } from '../world/pod-view.ts';

export interface Knowledge {
  /** undefined until the ConfigMaps were read, from the API server or from the last copy on disk. */
  readonly settings: Settings | undefined;
  /** The record that is in force; undefined until one was accepted. */
  readonly spec: NodeNetworkSpec | undefined;
  readonly securityGroups: readonly SecurityGroupRecord[];
  /** Ids of the record's interfaces whose links, routes and rules are in the kernel. */
  readonly readyInterfaces: ReadonlySet<string>;
}

export interface Subject {
  /** undefined until the API server has shown the pod. */
  readonly pod: PodView | undefined;
  /** undefined until it was seen. */
  readonly serviceAccount: ServiceAccountView | undefined;
}

export type Decision =
  | {
      readonly kind: 'serve';
      readonly pod: PodView;
      /** Absent for a pod with the node's groups. */
      readonly set?: SetRecord;
      /** Those that may serve it. */
      readonly interfaces: readonly InterfaceRecord[];
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

export function decide(knowledge: Knowledge, { pod, serviceAccount }: Subject): Decision {
  const { settings, spec } = knowledge;
  if (pod === undefined) return wait('pod-unknown', 'not among the pods of this node yet');
  if (settings === undefined) return wait('pod-unknown', 'the settings have not been read yet');
  if (serviceAccount === undefined)
    return wait('pod-unknown', `its service account "${pod.serviceAccount}" has not been seen yet`);
  const request = matchGroups({
    podGroupsEnabled: settings.podGroupsEnabled,
    podAnnotations: pod.annotations,
    hostNetwork: pod.hostNetwork,
    serviceAccountAnnotations: serviceAccount.annotations,
  });
  if (request.kind === 'refused') return { kind: 'refuse', error: request.error };
  const first = spec?.interfaces.find((record) => record.mac === spec.instance.primaryMac);
  if (spec === undefined || first === undefined) return wait('node-record-missing', 'no record was accepted yet');
  const place =
    request.kind === 'groups'
      ? placeGrouped(knowledge, spec, pod, request.requested)
      : { interfaces: spec.interfaces.filter((record) => record.purpose === 'node') };
  if (place instanceof CodedError) return { kind: 'wait', cause: place };
  const interfaces = place.interfaces.filter((record) => knowledge.readyInterfaces.has(record.id));
  if (interfaces.length > 0) return { kind: 'serve', pod, ...place, interfaces, first, settings };
  return wait('link-missing', place.interfaces.map(({ id, mac }) => `${id} (${mac})`).join(', '));
}

interface Place {
  readonly set?: SetRecord;
  readonly interfaces: readonly InterfaceRecord[];
}

/** The set and interfaces that serve a pod with groups of its own, or what is missing. */
function placeGrouped(
  { securityGroups }: Knowledge,
  spec: NodeNetworkSpec,
  pod: PodView,
  requested: readonly string[],
): Place | CodedError {
  const missing = (code: CodedError['code'], detail: string): CodedError => new CodedError(code, { detail });
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
  const serving = spec.interfaces.filter(
    (record) => record.purpose === 'groups' && set.interfaces.includes(record.id) && sameGroups(record.groups, groups),
  );
  if (serving.length > 0) return { set, interfaces: serving };
  return missing('groups-not-ready', `no interface of the record has ${groups.join(', ')} yet`);
}

const namesOf = ({ metadata, spec }: SecurityGroupRecord): NamedGroup => ({
  id: metadata.name,
  groupName: spec.groupName,
  ...(spec.nameTag === undefined ? {} : { nameTag: spec.nameTag }),
});

const sameGroups = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();
