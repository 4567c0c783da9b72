/**
 * One lab for all that needs a cluster, whose parts follow one another: an ordinary cluster with an ordinary CNI; the
 * `kube` port against its API server; Branchline, with all that breaks and with nodes that come and go; the verbs; the
 * end.
 */
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { kubeContract } from '../src/kube/kube.suite.ts';
import { installBranchline, switchPodGroups } from '../src/lab/scenarios/path/install.ts';
import { faults } from './faults/faults.ts';
import { policies } from './faults/policies.ts';
import { comingAndGoing } from './lab/coming-and-going.ts';
import { eksMode } from './lab/eks-mode.ts';
import { ordinaryCluster } from './lab/ordinary-cluster.ts';
import { type SharedLab, startSharedLab } from './lab/shared-lab.ts';
import { verbs } from './lab/verbs.ts';
import { exited, reapLabs, root } from './testing/lab-process.ts';
import { labTraces, machineNetwork } from './testing/traces.ts';

const NAME = 'shared';

describe('a lab, from another shell', () => {
  let shared: SharedLab | undefined;
  let networkBefore = '';
  const lab = (): SharedLab => {
    if (shared === undefined) throw new Error('the lab has not started');
    return shared;
  };

  beforeAll(async () => {
    networkBefore = await machineNetwork();
    shared = await startSharedLab(NAME);
  });
  afterAll(async () => {
    shared?.close();
    shared?.child.kill('SIGKILL');
    await reapLabs();
  });

  ordinaryCluster(lab);
  kubeContract({
    name: 'the API server of a lab',
    makeKube() {
      const kube = lab().makeKube();
      return { kube, close: () => kube.close() };
    },
  });

  describe('with Branchline installed by its manifest', () => {
    beforeAll(async () => {
      const { kubectl } = lab();
      await installBranchline(kubectl, join(root, 'config/master/aws-k8s-cni.yaml'));
      await switchPodGroups(kubectl, true);
      await kubectl(['scale', 'deployment/coredns', '--namespace=kube-system', '--replicas=2']);
      await kubectl(['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=180s']);
      const rollout = ['rollout', 'status', '--namespace=kube-system', '--timeout=180s'];
      await kubectl([...rollout, 'daemonset/branchline-agent']);
      await kubectl([...rollout, 'deployment/coredns']);
    });

    faults(lab);
    eksMode(lab);
    comingAndGoing(lab);
    policies(lab);
  });

  verbs(lab);

  describe('`lab stop`', () => {
    it('returns when all is taken away, and whoever started the lab sees a good end', async () => {
      await lab().ok(['stop']);
      expect(labTraces(NAME)).toEqual([]);
      expect(await exited(lab().child)).toBe(0);
      expect(await machineNetwork()).toBe(networkBefore);
      const { code, stderr } = await lab().verb('status');
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('lab-not-running') });
    });
  });
});
