/** Where each kind of object that we touch lives in the API. */
import { API_GROUP, API_VERSION } from '../core/names.ts';
import type { Resource } from './port.ts';

interface Where {
  /** Default: the core group. */
  readonly group?: string;
  /** Default `v1`. */
  readonly version?: string;
  /** Default true. */
  readonly namespaced?: boolean;
}

const resource = (plural: string, kind: string, where: Where = {}): Resource => ({
  group: where.group ?? '',
  version: where.version ?? 'v1',
  plural,
  kind,
  namespaced: where.namespaced ?? true,
});

const own = { group: API_GROUP, version: API_VERSION, namespaced: false } as const;
const cluster = { namespaced: false } as const;

export const resources = {
  pods: resource('pods', 'Pod'),
  serviceAccounts: resource('serviceaccounts', 'ServiceAccount'),
  configMaps: resource('configmaps', 'ConfigMap'),
  secrets: resource('secrets', 'Secret'),
  events: resource('events', 'Event'),
  endpointSlices: resource('endpointslices', 'EndpointSlice', { group: 'discovery.k8s.io' }),
  namespaces: resource('namespaces', 'Namespace', cluster),
  nodes: resource('nodes', 'Node', cluster),
  leases: resource('leases', 'Lease', { group: 'coordination.k8s.io' }),
  deployments: resource('deployments', 'Deployment', { group: 'apps' }),
  daemonSets: resource('daemonsets', 'DaemonSet', { group: 'apps' }),
  clusterRoles: resource('clusterroles', 'ClusterRole', { group: 'rbac.authorization.k8s.io', namespaced: false }),
  customResourceDefinitions: resource('customresourcedefinitions', 'CustomResourceDefinition', {
    group: 'apiextensions.k8s.io',
    namespaced: false,
  }),
  nodeNetworks: resource('nodenetworks', 'NodeNetwork', own),
  securityGroups: resource('securitygroups', 'SecurityGroup', own),
  /** Upstream's; a cluster need not have it. */
  securityGroupPolicies: resource('securitygrouppolicies', 'SecurityGroupPolicy', {
    group: 'vpcresources.k8s.aws',
    version: 'v1beta1',
  }),
  /** EKS's, one for each Node of a cluster of its. */
  cniNodes: resource('cninodes', 'CNINode', { group: 'vpcresources.k8s.aws', version: 'v1alpha1', namespaced: false }),
} as const satisfies Record<string, Resource>;

export const apiVersionOf = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`);
