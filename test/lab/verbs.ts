/** The verbs of the running lab, as a user calls them from another shell. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import type { SharedLab } from './shared-lab.ts';

export function verbs(lab: () => SharedLab): void {
  describe('the verbs of a running lab', () => {
    const stateOf = async (part: string): Promise<string | undefined> =>
      (await lab().status()).parts.find(({ name }) => name === part)?.state;

    it('status tells parts, nodes and ports, and kubeconfig the way in', async () => {
      const status = await lab().status();
      expect(status).toMatchObject({ name: lab().name, pid: lab().child.pid, ready: true });
      const [first] = status.instances.filter(({ node }) => node !== 'control plane');
      const names = status.parts.map(({ name }) => name);
      for (const part of ['apiserver', 'etcd', 'controller-manager', 'scheduler', 'cloud'])
        expect(names).toContain(part);
      for (const program of ['kubelet', 'containerd', 'kube-proxy'])
        expect(names).toContain(`${program}@${first?.name}`);
      expect(new Set(status.parts.map(({ state }) => state))).toEqual(new Set(['running']));
      expect(await lab().ok(['status'])).toContain('kubelet@node-1');
      const path = (await lab().ok(['kubeconfig'])).trim();
      expect(await lab().ok(['kubeconfig', '--content'])).toBe(readFileSync(path, 'utf8'));
    });

    it('shell runs on the node, in its hostname, network and mounts, and gives the exit status', async () => {
      const [, first] = (await lab().status()).instances;
      expect(await lab().ok(['shell', 'node-1', '--', 'hostname'])).toBe(`${first?.name}\n`);
      expect(await lab().ok(['shell', 'node-1', '--', 'ip', '-o', '-4', 'address', 'show', 'eth0'])).toContain(
        first?.address,
      );
      expect(await lab().ok(['shell', 'node-1', '--', 'cat', '/etc/hostname'])).toBe(`${first?.name}\n`);
      expect((await lab().verb('shell', 'node-1', '--', 'sh', '-c', 'exit 7')).code).toBe(7);
    });

    it('logs shows the last lines of a part', async () => {
      const lines = (await lab().ok(['logs', 'kubelet@node-1', '--lines', '3'])).trimEnd().split('\n');
      expect(lines).toHaveLength(3);
      expect(await lab().ok(['logs'])).toContain('apiserver');
    });

    it.each([
      [['kill', 'nothing'], 'lab-part-unknown'],
      [['kill', 'kubelet'], 'kubelet@NODE'],
      [['resume', 'etcd'], 'lab-part-state'],
      [['shell', 'node-9'], 'lab-node-unknown'],
      [['node', 'add', 'm5.tiny'], 'm5.tiny'],
    ])('%j is refused and says what to do', async (args, said) => {
      const { code, stderr } = await lab().verb(...args);
      expect(code).toBe(1);
      expect(stderr).toContain(said);
    });

    it('lets each part be killed and started again, and the cluster works as before', async () => {
      const [, first] = (await lab().status()).instances;
      const parts = ['etcd', 'apiserver', 'controller-manager', 'scheduler', 'cloud'];
      // A kubelet that finds no containerd ends by itself.
      const onNode = ['containerd', 'kubelet', 'kube-proxy'].map((program) => `${program}@${first?.name}`);
      const all = [...parts, ...onNode];
      for (const part of all) await lab().ok(['kill', part]);
      const dead = (await lab().status()).parts.filter(({ state }) => state === 'dead');
      expect(dead.map(({ name }) => name).toSorted()).toEqual(all.toSorted());
      expect((await lab().runKubectl(['get', 'nodes'])).code).not.toBe(0);
      for (const part of all) await lab().ok(['start', part]);
      const run = ['run', 'after', '--image=busybox:1.35', '--restart=Never', '--', 'true'];
      await lab().until('an API server that takes a pod', async () => {
        const { code } = await lab().runKubectl(run);
        return code === 0 ? true : undefined;
      });
      await lab().kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/after', '--timeout=180s']);
      await lab().kubectl(['delete', 'pod/after']);
    });

    it('lets a part stand still and go on', async () => {
      await lab().ok(['pause', 'apiserver']);
      expect(await stateOf('apiserver')).toBe('paused');
      expect((await lab().status()).instances.at(-1)?.node).toBe('unknown');
      await lab().ok(['resume', 'apiserver']);
      await lab().until('an API server that answers', async () => {
        const { code } = await lab().runKubectl(['get', 'nodes']);
        return code === 0 ? true : undefined;
      });
    });
  });
}
