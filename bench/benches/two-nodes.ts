/**
 * Two nodes with agents and three pods, all of one set of groups, beside a plain veth pair. What plays the VPC forwards
 * and judges nothing, so that what is measured is the nodes' own.
 *
 *   client, same ── node a ══ vpc ══ node b ── cross        plain-a ── plain-b
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';

import { type AgentIn, agentIn } from '../../src/agent/testing/agent-in.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from '../../src/agent/testing/builders.ts';
import type { InterfaceRecord } from '../../src/core/records/node-network.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const MTU = '9001';
export const addresses = { same: '10.0.0.31', cross: '10.0.1.30', plain: '192.0.2.2' } as const;
const pods = [
  { node: 'a', name: 'client', address: '10.0.0.30' },
  { node: 'a', name: 'same', address: addresses.same },
  { node: 'b', name: 'cross', address: addresses.cross },
] as const;

export interface TwoNodes {
  /** Of a pod, `plain-a` or `plain-b`. */
  netns(place: string): string;
  destroy(): Promise<void>;
}

export async function twoNodes(prefix: string): Promise<TwoNodes> {
  const folder = mkdtempSync(join(tmpdir(), `${prefix}-`));
  const made: string[] = [];
  const agents: AgentIn[] = [];
  const netns = (place: string): string => `${prefix}-${place}`;
  const ip = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  };
  const within = (place: string, ...args: readonly string[]): void => ip('-n', netns(place), ...args);
  const sysctl = (place: string, setting: string): void => ip('netns', 'exec', netns(place), 'sysctl', '-qw', setting);
  const add = (place: string): void => {
    ip('netns', 'add', netns(place));
    made.push(netns(place));
    within(place, 'link', 'set', 'lo', 'up');
  };
  const connect = (from: string, name: string, to: string, peer: string, mac: string): void => {
    const link = ['link', 'add', name, 'mtu', MTU, 'up', 'type', 'veth'];
    within(from, ...link, 'peer', 'name', peer, 'netns', netns(to), 'address', mac, 'mtu', MTU);
  };
  const attach = (node: string, { deviceIndex, mac, primaryAddress, addresses: own }: InterfaceRecord): void => {
    const port = `${node}${deviceIndex}`;
    connect('vpc', port, node, `eth${deviceIndex}`, mac);
    sysctl('vpc', `net.ipv4.conf.${port}.proxy_arp=1`);
    sysctl('vpc', `net.ipv4.neigh.${port}.proxy_delay=0`);
    within('vpc', 'route', 'add', `${primaryAddress}/32`, 'dev', port);
    for (const address of own)
      within('vpc', 'route', 'add', `${address}/32`, 'via', primaryAddress, 'dev', port, 'onlink');
    if (deviceIndex > 0) return;
    within(node, 'link', 'set', 'eth0', 'up');
    within(node, 'addr', 'add', `${primaryAddress}/20`, 'dev', 'eth0');
    within(node, 'route', 'add', 'default', 'via', '10.0.0.1', 'dev', 'eth0');
  };
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
    add(node);
    for (const attached of interfaces) attach(node, attached);
    mkdirSync(join(folder, node));
    const agent = agentIn({
      netns: netns(node),
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
      add(name);
      const { exitCode, stdout } = await agent.call('ADD', { name, netns: netns(name) });
      if (exitCode !== 0) throw new Error(`ADD of ${name}: ${stdout}`);
    }
  };
  const destroy = async (): Promise<void> => {
    for (const agent of agents) await agent.stop();
    for (const name of made) ip('netns', 'del', name);
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    for (const place of ['vpc', 'plain-a', 'plain-b']) add(place);
    sysctl('vpc', 'net.ipv4.ip_forward=1');
    within('vpc', 'addr', 'add', '10.0.0.1/32', 'dev', 'lo');
    connect('plain-a', 'eth0', 'plain-b', 'eth0', '06:00:00:00:09:01');
    within('plain-a', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    within('plain-b', 'addr', 'add', `${addresses.plain}/24`, 'dev', 'eth0');
    within('plain-b', 'link', 'set', 'eth0', 'up');
    for (const node of ['a', 'b'] as const)
      await serve(
        node,
        pods.filter((pod) => pod.node === node),
      );
  } catch (error) {
    await destroy();
    throw error;
  }
  return { netns, destroy };
}
