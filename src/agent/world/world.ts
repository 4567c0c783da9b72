/**
 * What the agent knows of the cluster: its informers, and where one has not synced, the last accepted copy on disk. It
 * must never decide anything.
 */
import type { GroupPolicy } from '../../core/groups/policy.ts';
import type { NodeNetwork, ObjectMeta } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import { readSettings, type SettingProblem, type Settings, type SettingValues } from '../../core/settings/settings.ts';
import type { Informer } from '../../kube/port.ts';
import type { Accepted } from './accepted-file.ts';
import type { PodView, ServiceAccountView } from './pod-view.ts';
import type { Subjects } from './subjects-file.ts';

export interface ConfigMapView {
  readonly metadata: ObjectMeta;
  readonly data: SettingValues;
}

/** The informers, each with its projection; the agent watches its own record and the pods of its node only. */
export interface Informers {
  readonly pods: Informer<PodView>;
  readonly serviceAccounts: Informer<ServiceAccountView>;
  readonly policies: Informer<GroupPolicy>;
  readonly records: Informer<NodeNetwork>;
  readonly securityGroups: Informer<SecurityGroupRecord>;
  /** In the order of `SETTINGS_CONFIG_MAPS`. */
  readonly configMaps: readonly Informer<ConfigMapView>[];
}

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  /** As the runtime says; empty where it does not. */
  readonly uid: string;
}

export interface World {
  /** Settings, record and groups, as far as they are known. */
  accepted(): Accepted;
  settingProblems(): readonly SettingProblem[];
  pod(ref: PodRef): PodView | undefined;
  /** A service account that does not exist asks for nothing; undefined until that is known. */
  serviceAccount(pod: PodView): ServiceAccountView | undefined;
  /** undefined until they are known. */
  policies(): readonly GroupPolicy[] | undefined;
  /** What the matcher needs to know of the node's pods; undefined until the API server has shown all of it. */
  subjects(): Subjects | undefined;
  onChange(listener: () => void): () => void;
}

export interface WorldOptions {
  readonly informers: Informers;
  readonly environment: SettingValues;
  /** The copies on disk. */
  readonly last: Accepted & Subjects;
}

export function createWorld({ informers, environment, last }: WorldOptions): World {
  let settings: Settings | undefined = last.settings;
  let problems: readonly SettingProblem[] = [];
  /** Asked for with each pod, and read once. */
  let seen: readonly (SettingValues | undefined)[] | undefined;
  const { configMaps, pods, policies, records, securityGroups, serviceAccounts } = informers;
  /**
   * The copy is used as a whole or not at all: a pod that is new, judged by policies that are old, might get the node's
   * groups where it was meant to have others.
   */
  const isShown = (): boolean => [pods, serviceAccounts, policies].every((informer) => informer.hasSynced());
  const readAgain = (): void => {
    if (!configMaps.every((informer) => informer.hasSynced())) return;
    const data = configMaps.map((informer) => informer.all()[0]?.data);
    if (data.length === seen?.length && data.every((one, at) => one === seen?.[at])) return;
    seen = data;
    const previous = settings === undefined ? {} : { previous: settings };
    ({ settings, problems } = readSettings({ configMaps: data, environment, ...previous }));
  };
  return {
    accepted: () => {
      readAgain();
      return {
        settings,
        record: records.hasSynced() ? records.all()[0] : last.record,
        securityGroups: securityGroups.hasSynced() ? securityGroups.all() : last.securityGroups,
      };
    },
    settingProblems: () => problems,
    pod({ namespace, name, uid }) {
      const pod = isShown() ? pods.get({ namespace, name }) : find(last.pods, { namespace, name });
      // The cache may still hold the pod's predecessor of the same name.
      return uid === '' || pod?.uid === uid || pod?.staticUid === uid ? pod : undefined;
    },
    serviceAccount({ metadata: { namespace }, serviceAccount: name }) {
      if (namespace === undefined) return undefined;
      if (!isShown()) return find(last.serviceAccounts, { namespace, name });
      return serviceAccounts.get({ namespace, name }) ?? absent({ namespace, name });
    },
    policies: () => (isShown() ? policies.all() : last.policies),
    subjects() {
      if (!isShown()) return undefined;
      const used = new Map(
        pods
          .all()
          .map(({ metadata: { namespace = '' }, serviceAccount: name }) => [
            `${namespace}/${name}`,
            { namespace, name },
          ]),
      );
      const accounts = [...used.values()].map((ref) => serviceAccounts.get(ref) ?? absent(ref));
      const namespaces = new Set(pods.all().map(({ metadata }) => metadata.namespace));
      const meaning = policies.all().filter(({ metadata }) => namespaces.has(metadata.namespace));
      return { pods: pods.all(), serviceAccounts: accounts, policies: meaning };
    },
    onChange(listener) {
      const all = [pods, serviceAccounts, policies, records, securityGroups, ...configMaps];
      const leave = all.map((informer: Pick<Informer<unknown>, 'onChange'>) => informer.onChange(listener));
      return () => leave.forEach((stop) => stop());
    },
  };
}

const absent = (ref: { readonly namespace: string; readonly name: string }): ServiceAccountView => ({
  metadata: ref,
  annotations: {},
});

const find = <T extends { readonly metadata: ObjectMeta }>(
  all: readonly T[],
  { namespace, name }: { readonly namespace: string; readonly name: string },
): T | undefined => all.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
