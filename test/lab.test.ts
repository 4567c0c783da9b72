/**
 * One lab, whose parts follow one another: an ordinary cluster with an ordinary CNI; the `kube` port against its API
 * server; the verbs; Branchline, with nodes that come and go; the end.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { kubeContract } from '../src/kube/kube.suite.ts';
import { branchlineNodes } from './lab/branchline-nodes.ts';
import { ordinaryCluster } from './lab/ordinary-cluster.ts';
import { type SharedLab, startSharedLab } from './lab/shared-lab.ts';
import { verbs } from './lab/verbs.ts';
import { exited, reapLabs } from './testing/lab-process.ts';
import { labTraces, machineNetwork } from './testing/traces.ts';

const NAME = 'shared';

describe('a lab without Branchline, from another shell', () => {
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
  branchlineNodes(lab);
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
