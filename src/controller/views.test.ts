import { describe, expect, it } from 'vitest';

import type { Pod } from '../kube/objects.ts';
import { viewPod } from './views.ts';

const pod = (status: NonNullable<Pod['status']>): Pod => ({
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'uid',
    labels: { app: 'web' },
    annotations: { other: 'x', 'vpc.amazonaws.com/security-groups': 'web' },
  },
  spec: { nodeName: 'node-1', serviceAccountName: 'account' },
  status,
});

describe('what the controller keeps of a pod', () => {
  it('is its request, its labels, its node and its address', () => {
    expect(viewPod(pod({ phase: 'Running', podIP: '10.0.0.5' }))).toEqual({
      name: 'web',
      namespace: 'shop',
      uid: 'uid',
      node: 'node-1',
      serviceAccount: 'account',
      annotations: { 'vpc.amazonaws.com/security-groups': 'web' },
      labels: { app: 'web' },
      hostNetwork: false,
      finished: false,
      address: '10.0.0.5',
    });
  });

  it('is no address once the sandbox that had it is gone', () => {
    const conditions = [{ type: 'PodReadyToStartContainers', status: 'False' as const }];
    expect(viewPod(pod({ podIP: '10.0.0.5', conditions })).address).toBeUndefined();
  });

  it('is that it has finished, when it has', () => {
    expect(viewPod(pod({ phase: 'Succeeded' })).finished).toBe(true);
  });
});
