/** The agent's view of the API server: which objects it watches, how little of each it keeps, and its one write. */
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
  readonly configMaps: Resource;
  readonly nodeNetworks: Resource;
  readonly securityGroups: Resource;
}

/** Starts one informer. */
export type Watch = <O extends KubeObject, V>(options: {
  readonly resource: Resource;
  readonly selection?: Selection;
  readonly projection: (object: O) => V;
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
  const whole = <O>(object: O): O => object;
  return {
    pods: watch({
      resource: resources.pods,
      selection: { fieldSelector: `spec.nodeName=${nodeName}` },
      projection: viewPod,
    }),
    serviceAccounts: watch({ resource: resources.serviceAccounts, projection: viewServiceAccount }),
    records: watch<NodeNetwork, NodeNetwork>({
      resource: resources.nodeNetworks,
      selection: { fieldSelector: `metadata.name=${nodeName}` },
      projection: whole,
    }),
    securityGroups: watch<SecurityGroupRecord, SecurityGroupRecord>({
      resource: resources.securityGroups,
      projection: whole,
    }),
    configMaps: SETTINGS_CONFIG_MAPS.map((name) =>
      watch<ConfigMapObject, ConfigMapView>({
        resource: resources.configMaps,
        selection: { namespace: NAMESPACE, fieldSelector: `metadata.name=${name}` },
        projection: ({ metadata, data }) => ({ metadata, data: data ?? {} }),
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
