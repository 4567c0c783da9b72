/** The controller's view of the API server: which objects it watches, and how little of each it keeps. */
import { type GroupPolicy, readPolicy } from '../core/groups/policy.ts';
import { NAMESPACE, SETTINGS_CONFIG_MAPS } from '../core/names.ts';
import type { NodeNetwork } from '../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../core/records/security-group.ts';
import type { SettingValues } from '../core/settings/settings.ts';
import type { ConfigMap, Node, Pod, SecurityGroupPolicy, ServiceAccount } from '../kube/objects.ts';
import type { Informer, KubeObject, Resource, Selection } from '../kube/port.ts';
import { resources } from '../kube/resources.ts';
import {
  type NodeView,
  type PodView,
  type ServiceAccountView,
  viewConfigMap,
  viewNode,
  viewPod,
  viewServiceAccount,
} from './views.ts';

export interface Cluster {
  readonly nodes: Informer<NodeView>;
  /** Of all nodes; pods that are not bound are not seen. */
  readonly pods: Informer<PodView>;
  readonly serviceAccounts: Informer<ServiceAccountView>;
  readonly policies: Informer<GroupPolicy>;
  /** In the order of `SETTINGS_CONFIG_MAPS`. */
  readonly configMaps: readonly Informer<SettingValues>[];
  readonly records: Informer<NodeNetwork>;
  readonly groups: Informer<SecurityGroupRecord>;
  /** Resolves after the first full list of each: nothing is taken away before. */
  readonly synced: Promise<void>;
  hasSynced(): boolean;
  stop(): Promise<void>;
}

/** Starts one informer. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each caller knows its kind of object
export type Watch = <O extends KubeObject, V>(options: {
  readonly resource: Resource;
  readonly selection?: Selection;
  readonly project: (object: O) => V;
  /** Default false. */
  readonly mayBeAbsent?: boolean;
}) => Informer<V>;

const whole = <O>(object: O): O => object;

export function watchCluster(watch: Watch): Cluster {
  const nodes = watch<Node, NodeView>({ resource: resources.nodes, project: viewNode });
  const pods = watch<Pod, PodView>({
    resource: resources.pods,
    selection: { fieldSelector: 'spec.nodeName!=' },
    project: viewPod,
  });
  const serviceAccounts = watch<ServiceAccount, ServiceAccountView>({
    resource: resources.serviceAccounts,
    project: viewServiceAccount,
  });
  const policies = watch<SecurityGroupPolicy, GroupPolicy>({
    resource: resources.securityGroupPolicies,
    project: readPolicy,
    mayBeAbsent: true,
  });
  const records = watch<NodeNetwork, NodeNetwork>({ resource: resources.nodeNetworks, project: whole });
  const groups = watch<SecurityGroupRecord, SecurityGroupRecord>({
    resource: resources.securityGroups,
    project: whole,
  });
  const configMaps = SETTINGS_CONFIG_MAPS.map((name) =>
    watch<ConfigMap, SettingValues>({
      resource: resources.configMaps,
      selection: { namespace: NAMESPACE, fieldSelector: `metadata.name=${name}` },
      project: viewConfigMap,
    }),
  );
  const all: readonly Pick<Informer<unknown>, 'synced' | 'hasSynced' | 'stop'>[] = [
    nodes,
    pods,
    serviceAccounts,
    policies,
    records,
    groups,
    ...configMaps,
  ];
  return {
    nodes,
    pods,
    serviceAccounts,
    policies,
    configMaps,
    records,
    groups,
    synced: Promise.all(all.map((informer) => informer.synced)).then(() => undefined),
    hasSynced: () => all.every((informer) => informer.hasSynced()),
    async stop() {
      await Promise.all(all.map((informer) => informer.stop()));
    },
  };
}
