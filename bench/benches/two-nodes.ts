/**
 * Two nodes with agents and three pods, all of one set of groups.
 *
 *   client, same ── node a ══ vpc ══ node b ── cross
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type AgentIn, agentIn } from '../../src/agent/testing/agent-in.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from '../../src/agent/testing/builders.ts';
import type { VpcOfNamespaces } from './vpc-of-namespaces.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
export const ours = { same: '10.0.0.31', cross: '10.0.1.30' } as const;
const pods = [
  { node: 'a', name: 'client', address: '10.0.0.30' },
  { node: 'a', name: 'same', address: ours.same },
  { node: 'b', name: 'cross', address: ours.cross },
] as const;

/** Stops the agents; namespaces are the VPC's. */
export type Stop = () => Promise<void>;

export async function twoNodes(vpc: VpcOfNamespaces): Promise<Stop> {
  const folder = mkdtempSync(join(tmpdir(), 'brlbench-'));
  const agents: AgentIn[] = [];
  const serve = async (node: 'a' | 'b', own: readonly (typeof pods)[number][]): Promise<void> => {
    const third = node === 'a' ? 0 : 1;
    const interfaces = [
      anInterface({
        id: `eni-${node}`,
        mac: `06:00:00:00:0${third}:00`,
        primaryAddress: `10.0.${third}.10`,
        addresses: [],
      }),
      anInterface({
        id: `eni-${node}-web`,
        mac: `06:00:00:00:0${third}:01`,
        deviceIndex: 1,
        purpose: 'groups',
        groups: [WEB],
        primaryAddress: `10.0.${third}.11`,
        addresses: own.map(({ address }) => address),
      }),
    ];
    vpc.add(node);
    for (const attached of interfaces) vpc.attach(node, attached);
    mkdirSync(join(folder, node));
    const agent = agentIn({
      netns: vpc.netns(node),
      folder: join(folder, node),
      pods: own.map(({ name }) => ({ name, groups: WEB })),
    });
    agents.push(agent);
    agent.securityGroups.set(
      aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]),
      aGroup(WEB, [allow('ingress', WEB), allow('egress', '0.0.0.0/0')]),
    );
    const instance = { id: `i-${node}`, type: 'm5.large', zone: 'us-west-2a', primaryMac: interfaces[0]?.mac ?? '' };
    const sets = [aSet([WEB], { interfaces: [`eni-${node}-web`], pods: own.map(({ name }) => `uid-${name}`) })];
    agent.records.set(aRecord({ instance, interfaces, sets }));
    await agent.start();
    for (const { name } of own) {
      vpc.add(name);
      const { exitCode, stdout } = await agent.call('ADD', { name, netns: vpc.netns(name) });
      if (exitCode !== 0) throw new Error(`ADD of ${name}: ${stdout}`);
    }
  };
  const stop = async (): Promise<void> => {
    for (const agent of agents) await agent.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const node of ['a', 'b'] as const)
      await serve(
        node,
        pods.filter((pod) => pod.node === node),
      );
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
