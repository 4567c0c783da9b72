/** Writes the spec of node records, of which the controller is the only writer. */
import { isDeepStrictEqual } from 'node:util';

import { API_GROUP, API_VERSION, FINALIZER } from '../../core/names.ts';
import type { NodeNetwork, NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { Kube } from '../../kube/port.ts';
import { resources } from '../../kube/resources.ts';
import type { NodeView } from '../views.ts';

export interface RecordWriter {
  /** The record as it then is. kube-conflict when it is another one than we believed. */
  write(node: NodeView, current: NodeNetwork | undefined, spec: NodeNetworkSpec): Promise<NodeNetwork>;
  /** Lets a record go that is marked for deletion. */
  release(record: NodeNetwork): Promise<void>;
}

export function createRecordWriter(kube: Pick<Kube, 'create' | 'patch'>): RecordWriter {
  return {
    async write(node, current, spec) {
      if (current === undefined) return kube.create(resources.nodeNetworks, newRecord(node, spec));
      if (isDeepStrictEqual(current.spec, spec)) return current;
      const body = [
        { op: 'test', path: '/metadata/uid', value: current.metadata.uid },
        { op: 'replace', path: '/spec', value: spec },
      ];
      return kube.patch(resources.nodeNetworks, { name: node.name }, { type: 'json', body });
    },
    async release({ metadata: { name, uid, finalizers = [] } }) {
      const others = finalizers.filter((finalizer) => finalizer !== FINALIZER);
      const body = { metadata: { uid, finalizers: others } };
      await kube.patch(resources.nodeNetworks, { name }, { type: 'merge', body });
    },
  };
}

/** Owned by its Node, so that it goes with it; held by the finalizer until our interfaces are gone. */
const newRecord = ({ name, uid }: NodeView, spec: NodeNetworkSpec): NodeNetwork => ({
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind: 'NodeNetwork',
  metadata: { name, finalizers: [FINALIZER], ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
  spec,
});
