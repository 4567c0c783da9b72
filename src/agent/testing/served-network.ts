/** A scratch network whose node has an agent, with a world that a test writes and pods that the plugin adds. Tests only. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { InterfaceRecord, NodeNetwork } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import { type AgentIn, agentIn, type AgentInOptions, CNI_CONFIG, cniEnvironment } from './agent-in.ts';
import { type ScratchInterface, type ScratchNetwork, scratchNetwork } from './scratch-network.ts';

export interface ServedNetworkOptions extends Omit<AgentInOptions, 'netns' | 'folder'> {
  /** Required: of every namespace. */
  readonly prefix: string;
  readonly record: NodeNetwork;
  readonly securityGroups: readonly SecurityGroupRecord[];
  /** Ids of interfaces of the record that are not attached yet. */
  readonly unplugged?: readonly string[];
  /** Builds the plugin for a folder with the agent's socket. */
  readonly shim: (out: string, options: { readonly defines: Readonly<Record<string, string>> }) => Promise<unknown>;
}

export interface ServedNetwork extends Omit<AgentIn, 'call'> {
  readonly network: ScratchNetwork;
  plug(attached: InterfaceRecord): void;
  cni(command: string, pod: string): Promise<{ readonly code: number | null; readonly stdout: string }>;
  destroy(): Promise<void>;
}

export async function servedNetwork(options: ServedNetworkOptions): Promise<ServedNetwork> {
  const { prefix, record, unplugged = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), 'brl-packets-'));
  const plugin = join(folder, 'plugin');
  await options.shim(plugin, { defines: { RUN_DIR: `"${folder}"` } });
  const network = scratchNetwork(
    prefix,
    record.spec.interfaces.filter(({ id }) => !unplugged.includes(id)).map(linkOf),
  );
  const agent = agentIn({ ...options, netns: network.netns('node'), folder });
  agent.securityGroups.set(...options.securityGroups);
  agent.records.set(record);
  return {
    ...agent,
    network,
    plug: (attached) => network.plug(linkOf(attached)),
    cni(command, name) {
      const env = cniEnvironment(command, { name, netns: network.netns(name) });
      const child = spawn(plugin, { env, stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.end(CNI_CONFIG);
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout })));
    },
    async destroy() {
      await agent.stop();
      await network.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const linkOf = ({ mac, deviceIndex, primaryAddress, addresses, prefixes }: InterfaceRecord): ScratchInterface => ({
  name: `eth${deviceIndex}`,
  mac,
  primary: primaryAddress,
  addresses: [...addresses, ...prefixes],
});
