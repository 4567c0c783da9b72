/**
 * Two nodes with agents in a VPC that the lab's fabric plays, pods on both, and a witness in every namespace: what the
 * tables of packets are tried in. It is told one world, from which fabric, records and `evaluate` get each their own.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatIp, type Ip, ip } from '../../core/address/ip.ts';
import { ipv4 } from '../../core/address/ipv4.ts';
import { mac } from '../../core/address/mac.ts';
import { formatPrefix, prefix4, type Prefix4 } from '../../core/address/prefix.ts';
import { setKey, sortedGroups } from '../../core/groups/set-key.ts';
import type { BranchRecord, InterfaceRecord, NodeNetwork } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { SecurityGroup, Vpc } from '../../core/vpc/model.ts';
import { createFabric } from '../../lab/fabric/fabric.ts';
import type { FabricInterface } from '../../lab/fabric/port.ts';
import { type Probe, run, scratchInstances } from '../../lab/fabric/testing/scratch-instances.ts';
import { fabricNetns } from '../../lab/names.ts';
import { openKernel } from '../../linux/kernel.ts';
import { type AgentIn, agentIn } from './agent-in.ts';
import { aGroup } from './builders.ts';

export type NodeName = 'a' | 'b';
export interface PodPlace {
  readonly name: string;
  readonly node: NodeName;
  /** Absent for a pod with the node's groups. */
  readonly groups?: readonly string[];
  /** Default false: it shares the interface of its groups. */
  readonly branch?: boolean;
}
export interface World {
  readonly pods: readonly PodPlace[];
  readonly nodeGroups: readonly string[];
  readonly groups: readonly SecurityGroup[];
  readonly prefixLists: Readonly<Record<string, readonly Prefix4[]>>;
}
/** Between two places: a pod, `node-a`, `node-b` or `outside`. */
export type Attempt = Omit<Probe, 'from' | 'to' | 'source' | 'target'> & {
  readonly from: string;
  /** Where it should arrive. */
  readonly to: string;
  /** Default: the address of `to`. */
  readonly target?: string;
};

export interface NodesInVpc {
  readonly places: readonly string[];
  address(place: string): Ip;
  vpc(): Vpc;
  /** Rules and groups change at both nodes and in the VPC; connections live on. */
  change(world: World): Promise<void>;
  /** So that each flow's first packet is a connection's first. */
  forgetConnections(): void;
  probe(attempts: readonly Attempt[]): Promise<readonly boolean[]>;
  hold(tag: number, attempt: Attempt): Promise<boolean>;
  /** Whether a held connection still carries bytes. */
  asks(tag: number, from: string, waitMs: number): Promise<boolean>;
  /** Adds nft text on a node. */
  load(node: NodeName, ruleset: string): void;
  destroy(): Promise<void>;
}

export const PROBE_PORT = 81;
const OUTSIDE = '203.0.113.10';
const SUBNET = '10.0.0.0/20';
const nodes: readonly NodeName[] = ['a', 'b'];

/** Every pod has a place of its own in its node's addresses, and every pod with groups its own interface. */
export async function nodesInVpc(prefix: string, first: World): Promise<NodesInVpc> {
  const folder = mkdtempSync(join(tmpdir(), 'brl-nodes-'));
  const kernel = openKernel();
  const fabricName = prefix.replace(/^brlt-/, 'n');
  const fabric = createFabric({ kernel, name: fabricName, runDir: folder });
  const instances = scratchInstances();
  const agents = new Map<NodeName, AgentIn>();
  const made: string[] = [];
  const addresses = new Map<string, string>([['outside', OUTSIDE]]);
  for (const [at, node] of nodes.entries()) addresses.set(`node-${node}`, `10.0.${at}.10`);
  for (const [at, { name, node }] of first.pods.entries())
    addresses.set(name, `10.0.${nodes.indexOf(node)}.${20 + at}`);
  const places = [...addresses.keys()];
  const address = (place: string): string => {
    const found = addresses.get(place);
    if (found === undefined) throw new RangeError(`nobody is called ${place}`);
    return found;
  };
  const netns = (place: string): string => (place === 'outside' ? fabricNetns(fabricName) : `${prefix}-${place}`);
  let world = first;
  let generation = 0;

  const branchesOf = (node: NodeName): readonly BranchRecord[] => {
    const number = nodes.indexOf(node);
    const own = world.pods.filter((pod) => pod.node === node && pod.branch === true);
    return own.map(({ name, groups = [] }, at) => ({
      pod: `uid-${name}`,
      id: `eni-${name}`,
      mac: `06:00:00:01:0${number}:0${at + 1}`,
      trunk: `eni-trunk-${node}`,
      vlan: at + 1,
      subnet: SUBNET,
      gateway: '10.0.0.1',
      groups: sortedGroups(groups),
      address: address(name),
    }));
  };
  const interfacesOf = (node: NodeName): readonly InterfaceRecord[] => {
    const number = nodes.indexOf(node);
    const own = world.pods.filter((pod) => pod.node === node);
    const shared = own.filter(({ groups, branch }) => groups !== undefined && branch !== true);
    const common = { card: 0, subnet: SUBNET, gateway: '10.0.0.1', prefixes: [] };
    return [
      {
        ...common,
        id: `eni-${node}`,
        mac: `06:00:00:00:0${number}:00`,
        deviceIndex: 0,
        purpose: 'node',
        groups: sortedGroups(world.nodeGroups),
        primaryAddress: address(`node-${node}`),
        addresses: own.filter(({ groups }) => groups === undefined).map(({ name }) => address(name)),
      },
      ...shared.map(({ name, groups = [] }, at) => ({
        ...common,
        id: `eni-${name}`,
        mac: `06:00:00:00:0${number}:0${at + 1}`,
        deviceIndex: at + 1,
        purpose: 'groups' as const,
        groups: sortedGroups(groups),
        primaryAddress: `10.0.${number}.${100 + at}`,
        addresses: [address(name)],
      })),
      ...(branchesOf(node).length === 0
        ? []
        : [
            {
              ...common,
              id: `eni-trunk-${node}`,
              mac: `06:00:00:00:0${number}:0f`,
              deviceIndex: shared.length + 1,
              purpose: 'trunk' as const,
              groups: sortedGroups(world.nodeGroups),
              primaryAddress: `10.0.${number}.200`,
              addresses: [],
            },
          ]),
    ];
  };
  const recordOf = (node: NodeName): NodeNetwork => {
    const interfaces = interfacesOf(node);
    const branches = branchesOf(node);
    const own = world.pods.filter((pod) => pod.node === node && pod.groups !== undefined);
    const grouped = Map.groupBy(own, ({ groups = [] }) => setKey(groups));
    return {
      apiVersion: 'branchline.dev/v1alpha1',
      kind: 'NodeNetwork',
      metadata: { name: node, generation },
      spec: {
        instance: { id: `i-${node}`, type: 'm5.large', zone: 'us-west-2a', primaryMac: interfaces[0]?.mac ?? '' },
        vpc: { id: 'vpc-1', cidrs: ['10.0.0.0/16'] },
        interfaces,
        sets: [...grouped].map(([key, pods]) => ({
          key,
          groups: sortedGroups(pods[0]?.groups ?? []),
          interfaces: pods.filter(({ branch }) => branch !== true).map(({ name }) => `eni-${name}`),
          generation: 1,
          pods: pods.map(({ name }) => `uid-${name}`),
        })),
        ...(branches.length > 0 && { branches }),
      },
    };
  };
  const securityGroups = (): readonly SecurityGroupRecord[] => {
    const prefixLists = Object.fromEntries(
      Object.entries(world.prefixLists).map(([id, entries]) => [id, entries.map(formatPrefix)]),
    );
    return world.groups.map(({ id, rules }) => ({
      ...aGroup(id, rules),
      spec: { ...aGroup(id, rules).spec, prefixLists },
    }));
  };
  const all = () => nodes.flatMap((node) => interfacesOf(node).map((one) => ({ ...one, node })));
  const fabricInterface = ({ node, ...one }: InterfaceRecord & { readonly node: NodeName }): FabricInterface => ({
    id: one.id,
    mac: mac(one.mac),
    netns: netns(`node-${node}`),
    deviceIndex: one.deviceIndex,
    subnet: prefix4(SUBNET),
    addresses: [one.primaryAddress, ...one.addresses].map(ipv4),
    prefixes: [],
    groups: one.groups,
    sourceDestCheck: true,
  });
  const allBranches = () => nodes.flatMap((node) => branchesOf(node).map((one) => ({ ...one, node })));
  const fabricBranch = ({ node, ...one }: BranchRecord & { readonly node: NodeName }): FabricInterface => ({
    id: one.id,
    mac: mac(one.mac),
    netns: netns(`node-${node}`),
    deviceIndex: interfacesOf(node).find(({ id }) => id === one.trunk)?.deviceIndex ?? 0,
    subnet: prefix4(SUBNET),
    addresses: [ipv4(one.address)],
    prefixes: [],
    groups: one.groups,
    sourceDestCheck: true,
    trunk: { interface: one.trunk, vlan: one.vlan },
  });
  const tell = async (): Promise<void> => {
    generation++;
    fabric.sync({
      cidrs: [prefix4('10.0.0.0/16')],
      subnets: [{ cidr: prefix4(SUBNET) }],
      interfaces: [...all().map(fabricInterface), ...allBranches().map(fabricBranch)],
      groups: world.groups,
      prefixLists: world.prefixLists,
      outside: [ipv4(OUTSIDE)],
    });
    for (const [node, agent] of agents) {
      agent.securityGroups.set(...securityGroups());
      agent.records.set(recordOf(node));
    }
    // Both look at their next turn, in this process and in one piece.
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const probeOf = ({ from, to, target, ...rest }: Attempt): Probe => ({
    ...rest,
    from: netns(from),
    to: netns(to),
    source: address(from),
    target: target ?? address(to),
  });

  for (const node of nodes) await instances.add(netns(`node-${node}`), [address(`node-${node}`)]);
  for (const node of nodes) {
    const own = world.pods.filter((pod) => pod.node === node);
    const runDir = join(folder, node);
    mkdirSync(runDir);
    const pods = own.map(({ name, groups }) => ({
      name,
      probePort: PROBE_PORT,
      ...(groups === undefined ? {} : { groups: groups.join(',') }),
    }));
    agents.set(node, agentIn({ netns: netns(`node-${node}`), folder: runDir, pods }));
  }
  await tell();
  await instances.watch(netns('outside'), [OUTSIDE]);
  for (const [node, agent] of agents) {
    await agent.start();
    for (const { name } of world.pods.filter((pod) => pod.node === node)) {
      run('ip', ['netns', 'add', netns(name)]);
      made.push(netns(name));
      const { exitCode, stdout } = await agent.call('ADD', { name, netns: netns(name) });
      if (exitCode !== 0 || !stdout.includes(`${address(name)}/32`)) throw new Error(`ADD of ${name}: ${stdout}`);
    }
  }
  await Promise.all(world.pods.map(({ name }) => instances.watch(netns(name), [address(name)])));

  return {
    places,
    address: (place) => ip(address(place)),
    vpc: () => ({
      id: 'vpc-1',
      cidrs: [prefix4('10.0.0.0/16')],
      subnets: [{ id: 'subnet-1', vpc: 'vpc-1', zone: 'us-west-2a', cidr: prefix4(SUBNET) }],
      interfaces: [
        ...all().map(({ node, id, groups, purpose, primaryAddress, addresses: own, deviceIndex }) => ({
          id,
          subnet: 'subnet-1',
          groups,
          addresses: [primaryAddress, ...own].map(ip),
          prefixes: [],
          sourceDestCheck: true,
          attachment: { instance: `i-${node}`, deviceIndex },
          purpose,
        })),
        ...allBranches().map(({ id, groups, address: own, trunk, vlan }) => ({
          id,
          subnet: 'subnet-1',
          groups,
          addresses: [ip(own)],
          prefixes: [],
          sourceDestCheck: true,
          trunk: { interface: trunk, vlan },
          purpose: 'branch' as const,
        })),
      ],
      groups: world.groups,
      prefixLists: world.prefixLists,
    }),
    async change(next) {
      world = next;
      await tell();
    },
    forgetConnections() {
      for (const place of ['node-a', 'node-b', 'outside']) {
        const opened = kernel.openNetns(`/run/netns/${netns(place)}`);
        kernel.forgetConnections(opened, ...places.map((one) => ipv4(address(one))));
        opened.close();
      }
    },
    probe: (attempts) => instances.probe(attempts.map(probeOf)),
    async hold(tag, attempt) {
      const held = { ...probeOf(attempt), tag };
      return (await instances.ask(held.from, { do: 'hold', attempt: held, waitMs: 10_000 })).length > 0;
    },
    asks: async (tag, from, waitMs) => (await instances.ask(netns(from), { do: 'ask', tag, waitMs })).length > 0,
    load: (node, ruleset) => {
      const opened = kernel.openNetns(`/run/netns/${netns(`node-${node}`)}`);
      kernel.nft(opened, ruleset);
      opened.close();
    },
    async destroy() {
      for (const agent of agents.values()) await agent.stop();
      instances.destroy();
      for (const name of made) run('ip', ['netns', 'del', name]);
      fabric.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const nameOf = (place: NodesInVpc, address: Ip): string =>
  place.places.find((one) => place.address(one) === address) ?? formatIp(address);
