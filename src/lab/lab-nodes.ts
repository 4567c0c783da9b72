/** Nodes that come, go and start anew while the lab runs: each an instance in the cloud and a node of the cluster. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { type EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';

import type { Kube } from '../kube/port.ts';
import { resources } from '../kube/resources.ts';
import { maxPods } from './cluster/node/identity.ts';
import { resetNetwork } from './cluster/node/reset-network.ts';
import type { LabNode } from './cluster/node/start-node.ts';
import type { Cluster } from './cluster/start-cluster.ts';
import { type Node, isReady, waitForNodesReady, waitForNodesRegistered } from './cluster/wait-for-nodes.ts';
import { type LabFolders, nodeCgroup } from './folders.ts';
import { instanceNetns } from './names.ts';
import { switchOff } from './supervisor/reap.ts';
import type { Supervisor } from './supervisor/supervisor.ts';
import { type LabInstance, type LabVpc, runInstance } from './vpc.ts';

export interface LabNodes {
  all(): readonly LabInstance[];
  /** Prefix of a command that is to run on the node. */
  enter(node: LabInstance): readonly string[];
  /**
   * @returns once it is registered.
   * @throws instance-type-unknown
   */
  add(type: string, tell: (text: string) => void): Promise<LabInstance>;
  /** As when its instance is terminated: its processes end, and then its Node object goes. */
  remove(node: LabInstance, tell: (text: string) => void): Promise<void>;
  /** As a power cut and a start: what is on its disk stays. @returns once it has reported, and is Ready if it was. */
  reboot(node: LabInstance, tell: (text: string) => void): Promise<void>;
  setCordoned(node: LabInstance, cordoned: boolean): Promise<void>;
}

export interface LabNodesOptions {
  /** The lab's. */
  readonly name: string;
  readonly folders: LabFolders;
  readonly supervisor: Supervisor;
  readonly client: EC2Client;
  readonly vpc: LabVpc;
  readonly cluster: Cluster;
  readonly kube: Kube;
}

export function createLabNodes(options: LabNodesOptions): LabNodes {
  const { name, folders, supervisor, client, vpc, cluster, kube } = options;
  const { signal } = supervisor;
  const nodes = new Map<string, LabNode>(cluster.nodes.map((node) => [node.instance.id, node]));
  let highest = nodes.size;
  const nodeDir = (instance: LabInstance): string => join(folders.stateDir, 'nodes', instance.name);

  const end = async (instance: LabInstance, first?: () => Promise<void>): Promise<void> => {
    const suffix = `@${instance.name}`;
    await switchOff({
      runDir: folders.runDir,
      stateDir: nodeDir(instance),
      suffix,
      netns: instanceNetns(name, instance.name),
      cgroup: nodeCgroup(name, instance),
      async first() {
        await first?.();
        supervisor.forget((part) => part.endsWith(suffix));
      },
    });
  };

  const remove = async (instance: LabInstance): Promise<void> => {
    await end(instance, async () => {
      await client.send(new TerminateInstancesCommand({ InstanceIds: [instance.id] }));
    });
    nodes.delete(instance.id);
    rmSync(nodeDir(instance), { recursive: true, force: true });
    // What AWS's cloud controller does when an instance is gone.
    await kube.delete(resources.nodes, { name: instance.name });
  };

  return {
    all: () => [...nodes.values()].map(({ instance }) => instance),
    enter: ({ id }) => nodes.get(id)?.enter ?? [],
    async add(type, tell) {
      maxPods(type);
      highest += 1;
      tell(`RunInstances: one ${type}`);
      const instance = await runInstance(client, { ...vpc, title: `node-${highest}`, type });
      tell(`${instance.name}: starting containerd, kubelet and kube-proxy`);
      try {
        nodes.set(instance.id, await cluster.addNode(instance));
        await waitForNodesRegistered({ kube, names: [instance.name], signal });
      } catch (error) {
        await remove(instance);
        throw error;
      }
      return instance;
    },
    async remove(instance, tell) {
      tell(`TerminateInstances: ${instance.id}; ending what runs on it, deleting its Node object`);
      await remove(instance);
    },
    async reboot(instance, tell) {
      const before = await kube.get<Node>(resources.nodes, { name: instance.name });
      const bootIdBefore = before?.status?.nodeInfo?.bootID ?? '';
      tell(`${instance.name}: switching it off`);
      await end(instance);
      await resetNetwork(instanceNetns(name, instance.name));
      tell(`${instance.name}: starting it`);
      nodes.set(instance.id, await cluster.restartNode(instance));
      tell(`${instance.name}: waiting until its kubelet has reported`);
      // One that was not Ready before has no CNI, and waits in vain.
      const wait = before !== undefined && isReady(before) ? waitForNodesReady : waitForNodesRegistered;
      await wait({ kube, names: [instance.name], signal, bootIdBefore });
    },
    async setCordoned({ name: node }, cordoned) {
      await kube.patch(
        resources.nodes,
        { name: node },
        { type: 'merge', body: { spec: { unschedulable: cordoned ? true : null } } },
      );
    },
  };
}
