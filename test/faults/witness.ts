/**
 * What is in EC2, in the records, in the journals and in the kernels of the nodes, each asked by its own means, and
 * whether it is one and the same.
 */
import { spawnSync } from 'node:child_process';

import { expect } from 'vitest';

import { ec2Tags, links, nft, routing } from '../../src/core/names.ts';
import { formatIp } from '../../src/core/address/ip.ts';
import { readJournal } from '../../src/agent/testing/observe-node.ts';
import type { Ec2Interface } from '../../src/aws/port.ts';
import type { NodeNetwork } from '../../src/core/records/node-network.ts';
import type { Pod } from '../../src/kube/objects.ts';
import { resources } from '../../src/kube/resources.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import type { FaultLab } from './fault-lab.ts';

/** Interfaces in EC2 that were made for sets, of one instance or of all. */
export async function setInterfaces(lab: FaultLab, node?: LabInstance): Promise<readonly Ec2Interface[]> {
  const all = await lab.ec2.interfaces({ vpc: lab.vpc.vpc });
  return all.filter(({ tags: { [ec2Tags.instance]: owner } }) =>
    node === undefined ? owner !== undefined : owner === node.id,
  );
}

export async function record({ kube }: FaultLab, node: LabInstance): Promise<NodeNetwork> {
  const found = await kube.get<NodeNetwork>(resources.nodeNetworks, { name: node.name });
  if (found === undefined) throw new Error(`${node.name} has no record`);
  return found;
}

export interface NodeWitness {
  /** Addresses of pods, as the API server has them. */
  readonly pods: readonly string[];
  readonly journal: readonly string[];
  readonly routes: readonly string[];
  readonly elements: readonly string[];
  /** Links of pods: as many as there are addresses, and those that the journal names. */
  readonly links: readonly string[];
  readonly journalLinks: readonly string[];
  /** What leaves by an interface of its own, by rule and as the record says. */
  readonly rules: readonly string[];
  readonly recordRules: readonly string[];
  /** Interfaces by id: EC2's and the record's. */
  readonly interfaces: readonly string[];
  readonly recordInterfaces: readonly string[];
}

/** Of links, routes and rules, the fields that are read here. */
interface IpLine {
  readonly ifname: string;
  readonly dst: string;
  readonly priority: number;
  readonly src: string;
}

export async function witness(lab: FaultLab, node: LabInstance): Promise<NodeWitness> {
  const { spec } = await record(lab, node);
  const holdings = [...readJournal(lab.stateDir(node)).holdings.values()].map(({ attachment }) => attachment);
  const { items } = await lab.kube.list<Pod>(resources.pods, { fieldSelector: `spec.nodeName=${node.name}` });
  const alive = items.filter(({ spec: pod, status }) => pod?.hostNetwork !== true && status?.phase === 'Running');
  const ip = (...args: readonly string[]): readonly IpLine[] =>
    JSON.parse(call('ip', ['-j', '-n', lab.netns(node), ...args]) || '[]') as IpLine[];
  const prefix = links.hostVethPrefix;
  const further = spec.interfaces.filter(({ purpose }) => purpose === 'groups');
  return {
    pods: alive.flatMap(({ status }) => status?.podIP ?? []).sort(),
    journal: holdings.map(({ address }) => formatIp(address)).sort(),
    routes: ip('route', 'show', 'table', String(routing.podTable))
      .map(({ dst }) => dst)
      .sort(),
    elements: podElements(lab.netns(node)),
    links: ip('link')
      .map(({ ifname }) => ifname)
      .filter((name) => name.startsWith(prefix))
      .sort(),
    journalLinks: holdings.map(({ hostLink }) => hostLink).sort(),
    rules: ip('rule')
      .filter(({ priority }) => priority === routing.sourceRule)
      .map(({ src }) => src)
      .sort(),
    recordRules: further.flatMap(({ addresses }) => addresses).sort(),
    interfaces: (await setInterfaces(lab, node)).map(({ id }) => id).sort(),
    recordInterfaces: further.map(({ id }) => id).sort(),
  };
}

/** All of it is one and the same, as soon as what is under way has come to its end. */
export const agree = (lab: FaultLab, ...nodes: readonly LabInstance[]): Promise<readonly true[]> =>
  Promise.all(
    nodes.map((node) =>
      lab.until(`agreement on what is on ${node.name}`, async () => {
        const seen = await witness(lab, node);
        expect(seen.journal).toEqual(seen.pods);
        expect(seen.routes).toEqual(seen.pods);
        expect(seen.elements).toEqual(seen.pods);
        expect(seen.links).toEqual(seen.journalLinks);
        expect(seen.rules).toEqual(seen.recordRules);
        expect(seen.interfaces).toEqual(seen.recordInterfaces);
        return true as const;
      }),
    ),
  );

function podElements(netns: string): readonly string[] {
  const text = call('ip', ['netns', 'exec', netns, 'nft', '-j', 'list', 'set', nft.family, nft.table, 'pods']);
  const { nftables } = JSON.parse(text) as {
    readonly nftables: readonly {
      readonly set?: { readonly elem?: readonly { readonly concat: readonly string[] }[] };
    }[];
  };
  return nftables.flatMap(({ set }) => (set?.elem ?? []).map(({ concat }) => concat[1] ?? '')).sort();
}

function call(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
