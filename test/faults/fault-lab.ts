/** The shared lab with Branchline in it, and the handles by which its parts are broken. */
import { join } from 'node:path';

import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';

import { createEc2 } from '../../src/aws/ec2.ts';
import type { Ec2 } from '../../src/aws/port.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { FaultEffect } from '../../src/lab/cloud/engine/faults.ts';
import { callControl } from '../../src/lab/control/call-control.ts';
import { labFolders } from '../../src/lab/folders.ts';
import { instanceNetns } from '../../src/lab/names.ts';
import { readRegistry } from '../../src/lab/supervisor/registry.ts';
import { runStrict } from '../../src/lab/supervisor/run.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import type { SharedLab } from '../lab/shared-lab.ts';

export interface FaultLab extends Pick<SharedLab, 'kubectl' | 'client' | 'until'> {
  /** To be closed by whoever has opened the lab. */
  readonly kube: KubeClient;
  readonly ec2: Ec2;
  readonly vpc: { readonly vpc: string; readonly nodes: readonly LabInstance[] };
  /** Adds to the cloud's script. */
  fault(action: string, effect: FaultEffect, times?: number): Promise<void>;
  /** Resolves when every fault of the script has befallen a call. */
  faultsSpent(): Promise<void>;
  part(verb: 'kill' | 'start' | 'pause' | 'resume', part: string): Promise<void>;
  /** Runs a program on a node, in its network and mounts; gives what it prints. */
  on(node: LabInstance, ...argv: readonly string[]): Promise<string>;
  /** Name of the node's network namespace. */
  netns(node: LabInstance): string;
  /** Where the node's /var/lib/branchline is on this machine. */
  stateDir(node: LabInstance): string;
}

export async function openFaultLab(shared: SharedLab): Promise<FaultLab> {
  const { name, kubectl, client } = shared;
  const until: SharedLab['until'] = (what, ask) => shared.until(what, ask);
  const folders = labFolders(name);
  const { Reservations } = await client.send(new DescribeInstancesCommand({}));
  const vpc = { vpc: Reservations?.[0]?.Instances?.[0]?.VpcId ?? '', nodes: await shared.nodes() };
  const faults = `${(await shared.status()).endpoints?.ec2}/_lab/faults`;
  return {
    kubectl,
    client,
    until,
    kube: shared.makeKube(),
    ec2: createEc2(client),
    vpc,
    async fault(action, effect, times = 1) {
      const { status } = await fetch(faults, { method: 'POST', body: JSON.stringify({ action, effect, times }) });
      if (status !== 200) throw new Error(`the cloud takes no such fault: ${status}`);
    },
    faultsSpent: async () => {
      await until('the end of the script of faults', async () => {
        const { faults: pending } = (await (await fetch(faults)).json()) as { readonly faults: readonly object[] };
        return pending.length === 0 ? true : undefined;
      });
    },
    async part(verb, part) {
      const request = { verb: `part-${verb}`, part } as const;
      await callControl({ path: folders.control, labName: name, request, tell: () => undefined });
    },
    on: (node, ...argv) => {
      const holder = readRegistry(folders.runDir).processes.find((each) => each.name === `node@${node.name}`);
      return runStrict('nsenter', [`--target=${holder?.pid}`, '--net', '--mount', '--uts', ...argv]);
    },
    netns: (node) => instanceNetns(name, node.name),
    stateDir: (node) => join(folders.stateDir, 'nodes', node.name, 'var-lib', 'branchline'),
  };
}
