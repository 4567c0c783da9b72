/** Which change concerns which node. */
import { isDeepStrictEqual } from 'node:util';

import { type GroupPolicy, means } from '../core/groups/policy.ts';
import type { Cluster } from './cluster.ts';
import type { LiveSettings } from './live-settings.ts';
import type { PodView } from './views.ts';
import type { VpcWatch } from './vpc/vpc-watch.ts';

export interface RequeueOptions {
  readonly cluster: Cluster;
  readonly settings: LiveSettings;
  readonly vpcs: VpcWatch;
  readonly node: (name: string) => void;
  /** The mirror of the groups. */
  readonly groups: () => void;
}

/** Returns the way to unsubscribe. */
export function requeueOnChange({ cluster, settings, vpcs, node, groups }: RequeueOptions): () => void {
  const everyNode = (): void => {
    for (const { name } of cluster.nodes.all()) node(name);
  };
  const isMeant = (policy: GroupPolicy, pod: PodView): boolean => {
    const { namespace, labels, hostNetwork, serviceAccount: name } = pod;
    if (hostNetwork || namespace !== policy.metadata.namespace) return false;
    const serviceAccountLabels = cluster.serviceAccounts.get({ namespace, name })?.labels;
    return means(policy, { namespace, labels, serviceAccountLabels }).kind !== 'no';
  };
  const leave = [
    cluster.nodes.onChange(({ ref, object, previous }) => {
      // The kubelet reports every few seconds what concerns us not at all.
      if (ref !== undefined && !isDeepStrictEqual(object, previous)) node(ref.name);
    }),
    cluster.pods.onChange(({ object, previous }) => {
      if (isDeepStrictEqual(object, previous)) return;
      for (const name of new Set([object?.node, previous?.node])) if (name !== undefined) node(name);
    }),
    cluster.serviceAccounts.onChange(({ ref, object, previous }) => {
      if (ref === undefined || isDeepStrictEqual(object, previous)) return;
      for (const pod of cluster.pods.all()) {
        if (pod.namespace === ref.namespace && pod.serviceAccount === ref.name) node(pod.node);
      }
    }),
    cluster.policies.onChange(({ object, previous }) => {
      if (isDeepStrictEqual(object, previous)) return;
      const versions = [object, previous].filter((policy) => policy !== undefined);
      for (const pod of cluster.pods.all()) {
        if (versions.some((policy) => isMeant(policy, pod))) node(pod.node);
      }
    }),
    cluster.records.onChange(({ ref }) => {
      if (ref !== undefined) node(ref.name);
      groups();
    }),
    cluster.groups.onChange(() => groups()),
    settings.onChange(() => {
      vpcs.wake();
      everyNode();
    }),
    vpcs.onChange((_, change) => {
      if (change === 'rules') groups();
      else everyNode();
    }),
  ];
  return () => {
    for (const stop of leave) stop();
  };
}
