/** The agent's view of the API server: which objects it watches, how little of each it keeps, and its one write. */
import { readPolicy } from '../core/groups/policy.ts';
import { NAMESPACE, SETTINGS_CONFIG_MAPS } from '../core/names.ts';
import type { NodeNetwork, NodeNetworkStatus } from '../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../core/records/security-group.ts';
import type { SettingValues } from '../core/settings/settings.ts';
import type { Informer, Kube, KubeObject, Resource, Selection } from '../kube/port.ts';
import { viewPod, viewServiceAccount } from './world/pod-view.ts';
import type { ConfigMapView, Informers } from './world/world.ts';

export interface AgentResources {
  readonly pods: Resource;
  readonly serviceAccounts: Resource;
  readonly securityGroupPolicies: Resource;
  readonly configMaps: Resource;
  readonly nodeNetworks: Resource;
  readonly securityGroups: Resource;
}

/** Starts one informer. */
export type Watch = <V>(options: {
  readonly resource: Resource;
  readonly selection?: Selection;
  readonly projection: (object: KubeObject) => V;
  /** Default false. */
  readonly mayBeAbsent?: boolean;
}) => Informer<V>;

export interface ClusterOptions {
  readonly watch: Watch;
  readonly resources: AgentResources;
  readonly nodeName: string;
}

interface ConfigMapObject extends KubeObject {
  readonly data?: SettingValues;
}

export function watchCluster({ watch, resources, nodeName }: ClusterOptions): Informers {
  return {
    pods: watch({
      resource: resources.pods,
      selection: { fieldSelector: `spec.nodeName=${nodeName}` },
      projection: viewPod,
    }),
    serviceAccounts: watch({ resource: resources.serviceAccounts, projection: viewServiceAccount }),
    policies: watch({ resource: resources.securityGroupPolicies, projection: readPolicy, mayBeAbsent: true }),
    records: watch({
      resource: resources.nodeNetworks,
      selection: { fieldSelector: `metadata.name=${nodeName}` },
      // Of this shape by the schema of its definition; so are groups.
      projection: (object) => object as NodeNetwork,
    }),
    securityGroups: watch({
      resource: resources.securityGroups,
      projection: (object) => object as SecurityGroupRecord,
    }),
    configMaps: SETTINGS_CONFIG_MAPS.map((name) =>
      watch({
        resource: resources.configMaps,
        selection: { namespace: NAMESPACE, fieldSelector: `metadata.name=${name}` },
        projection: ({ metadata, data }: ConfigMapObject): ConfigMapView => ({ metadata, data: data ?? {} }),
      }),
    ),
  };
}

/** Lists in the status are replaced whole: this agent is their only writer. */
export const statusWriter =
  (kube: Kube, resource: Resource, nodeName: string) =>
  async (status: NodeNetworkStatus): Promise<void> => {
    await kube.patch(resource, { name: nodeName }, { type: 'merge', body: { status } }, { subresource: 'status' });
  };
