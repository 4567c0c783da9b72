/**
 * EKS's controller gives a node its trunk, and pods their branches, where the node's CNINode lists a feature. It is the
 * CNI's to write it there, so that where EKS serves pods, we do: once for each node, unless it is there.
 */
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Log } from '../../daemon/log.ts';
import type { CniNode } from '../../kube/objects.ts';
import type { Kube } from '../../kube/port.ts';
import { resources } from '../../kube/resources.ts';
import type { NodeView } from '../views.ts';

/** @returns what stands in the way; it is tried again. */
export type AskEks = (node: NodeView) => Promise<CodedError | undefined>;

export const EKS_FEATURE = 'SecurityGroupsForPods';
/** How soon it is tried again: EKS's controller makes a CNINode for each Node by itself. */
export const ASK_AGAIN_MS = 15_000;

export function createAskEks({ kube, log }: { readonly kube: Pick<Kube, 'get' | 'patch'>; readonly log: Log }): AskEks {
  return async ({ name }) => {
    try {
      const found = await kube.get<CniNode>(resources.cniNodes, { name });
      if (found === undefined) return new CodedError('cninode-missing', { detail: name });
      const features = found.spec?.features ?? [];
      if (features.some((feature) => feature.name === EKS_FEATURE)) return undefined;
      const { resourceVersion } = found.metadata;
      // A list in a merge patch replaces the whole: what others have written meanwhile must not be lost.
      const body = { metadata: { resourceVersion }, spec: { features: [...features, { name: EKS_FEATURE }] } };
      await kube.patch(resources.cniNodes, { name }, { type: 'merge', body });
      log.info({ node: name, feature: EKS_FEATURE }, 'EKS’s controller is asked to serve the pods of the node');
      return undefined;
    } catch (error) {
      return error instanceof CodedError ? error : new CodedError('kube-refused', { detail: describeError(error) });
    }
  };
}
