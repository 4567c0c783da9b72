/**
 * ADD and DEL as a container runtime feels them: the whole process of the plugin, against a process that does nothing,
 * one, ten and 32 at once, on an empty node and beside 500 and 1,000 pods. Every other pod has groups of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { buildGo } from '../../scripts/build-go.ts';
import { buildShim } from '../../scripts/build-shim.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from '../../src/agent/testing/builders.ts';
import {
  type AgentProcess,
  NETWORK_CONFIG,
  type ScratchNode,
  scratchNode,
} from '../../src/agent/testing/scratch-node.ts';
import type { Bench, Measure } from '../bench.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const RESIDENT = [0, 500, 1000];
const AT_ONCE = [1, 10, 32];
const CALLS = 200;
const MIB = 1024 * 1024;

const isGrouped = (pod: string): boolean => Number(pod.slice(pod.lastIndexOf('-') + 1)) % 2 === 1;
const podNames = (kind: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${kind}-${at}`);
/** 2,048 addresses: half of the pods, and those that cool down. */
const prefixes = (third: number): readonly string[] =>
  Array.from({ length: 128 }, (_, at) => `10.0.${third + Math.floor(at / 16)}.${(at % 16) * 16}/28`);

interface Sample {
  readonly ms: number;
  readonly cpuMs: number;
  readonly code: number;
  readonly stdout?: string;
}
interface Job {
  readonly program: string;
  readonly atOnce: number;
  readonly calls: readonly (readonly string[])[];
}

function buildDriver(): string {
  const out = join(import.meta.dirname, '../../.build/bench/driver');
  buildGo(join(import.meta.dirname, '../driver'), out);
  return out;
}

/** The reference shim, run as its sources are: what the C one is measured beside. */
function writeTypeScriptShim(): string {
  const path = join(import.meta.dirname, '../../.build/bench/shim.mjs');
  const reference = JSON.stringify(join(import.meta.dirname, '../../src/cni/shim/reference.ts'));
  const lines = [
    `#!${process.execPath}`,
    `import { runShim, shippedShim } from ${reference};`,
    'process.exitCode = await runShim({ environment: process.env, ...shippedShim });',
  ];
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o755 });
  return path;
}

async function drive(driver: string, job: Job): Promise<readonly Sample[]> {
  const child = spawn(driver, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ stdin: NETWORK_CONFIG, ...job }));
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  const samples = JSON.parse(Buffer.concat(chunks).toString()) as readonly Sample[];
  const failed = samples.filter(({ code }) => code !== 0);
  if (failed.length > 0) throw new Error(`${failed.length} of ${samples.length} failed: ${failed[0]?.stdout}`);
  return samples;
}

const world = (pods: readonly string[]) => ({
  record: aRecord({
    interfaces: [
      anInterface({ addresses: [], prefixes: prefixes(16) }),
      anInterface({
        id: 'eni-web',
        mac: '06:00:00:00:00:02',
        deviceIndex: 1,
        purpose: 'groups',
        groups: [WEB],
        primaryAddress: '10.0.1.5',
        addresses: [],
        prefixes: prefixes(32),
      }),
    ],
    sets: [aSet([WEB], { interfaces: ['eni-web'], pods: pods.filter(isGrouped).map((pod) => `uid-${pod}`) })],
  }),
  securityGroups: [
    aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]),
    aGroup(WEB, [allow('ingress', NODE, { protocol: 'tcp', port: 80 }), allow('egress', '0.0.0.0/0')]),
  ],
  pods: pods.map((name) => (isGrouped(name) ? { name, groups: WEB } : { name })),
});

class Benching {
  readonly measures: Measure[] = [];
  readonly node: ScratchNode;
  readonly agent: AgentProcess;
  readonly driver: string;
  constructor(node: ScratchNode, agent: AgentProcess, driver: string) {
    this.node = node;
    this.agent = agent;
    this.driver = driver;
  }

  calls(command: string, pods: readonly string[]): readonly (readonly string[])[] {
    return pods.map((pod) =>
      Object.entries(this.node.environment(command, pod)).map(([name, value]) => `${name}=${value}`),
    );
  }
  plugin(command: string, pods: readonly string[], atOnce: number): Promise<readonly Sample[]> {
    return drive(this.driver, { program: this.node.patientPlugin, atOnce, calls: this.calls(command, pods) });
  }
  async idle(atOnce: number): Promise<readonly number[]> {
    const calls = Array.from({ length: CALLS }, () => []);
    return (await drive(this.driver, { program: '/bin/true', atOnce, calls })).map(({ ms }) => ms);
  }

  async version(): Promise<void> {
    const calls = Array.from({ length: CALLS }, () => ['CNI_COMMAND=VERSION']);
    for (const [shim, program] of [
      ['C', this.node.patientPlugin],
      ['TypeScript', writeTypeScriptShim()],
    ] as const) {
      const ours = (await drive(this.driver, { program, atOnce: 1, calls })).map(({ ms }) => ms);
      const baseline = await this.idle(1);
      const name = `VERSION, the shim in ${shim}`;
      this.measures.push({ name, unit: 'ms', ours, baseline, against: '/bin/true' });
    }
  }
  async memory(name: string): Promise<void> {
    const { rssBytes } = await this.agent.usage();
    this.measures.push({ name: `agent's resident memory, ${name}`, unit: 'MiB', ours: [rssBytes / MIB] });
  }
  async round(resident: number, atOnce: number): Promise<void> {
    const pods = podNames('pod', CALLS);
    for (const pod of pods) this.node.addPod(pod);
    for (const command of ['ADD', 'DEL']) {
      const baseline = await this.idle(atOnce);
      const before = await this.agent.usage();
      const samples = await this.plugin(command, pods, atOnce);
      const after = await this.agent.usage();
      const name = `${command}, ${atOnce} at once, beside ${resident} pods`;
      this.measures.push({ name, unit: 'ms', ours: samples.map(({ ms }) => ms), baseline, against: '/bin/true' });
      const cpuMs = (after.cpuMicroseconds - before.cpuMicroseconds) / 1000 / CALLS;
      this.measures.push({ name: `agent's CPU per ${name}`, unit: 'ms', ours: [cpuMs] });
    }
    for (const pod of pods) this.node.removePod(pod);
    await this.settled(resident);
  }
  /** The kernel takes namespaces away by and by, and holds its lock for it. */
  async settled(pods: number): Promise<void> {
    const { kernel, netns } = this.node;
    const left = (): number => kernel.links(netns).filter(({ name }) => name.startsWith('brl')).length;
    while (left() > pods) await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export const add: Bench = {
  name: 'add',
  summary: 'whole-process ADD and DEL of the plugin beside 0, 500 and 1,000 pods, against /bin/true',
  async run(progress) {
    const residents = podNames('resident', Math.max(...RESIDENT));
    const prefix = `brlbench-${process.pid}`;
    const node = await scratchNode({ prefix, buildShim, world: world([...podNames('pod', CALLS), ...residents]) });
    try {
      const bench = new Benching(node, await node.startAgent({ log: true, linkGraceMs: 5000 }), buildDriver());
      await bench.version();
      await bench.memory('idle');
      for (const [at, resident] of RESIDENT.entries()) {
        progress(`${resident} pods on the node`);
        const coming = residents.slice(RESIDENT[at - 1] ?? 0, resident);
        for (const pod of coming) node.addPod(pod);
        await bench.plugin('ADD', coming, 8);
        await bench.memory(`with ${resident} pods`);
        for (const atOnce of AT_ONCE) await bench.round(resident, atOnce);
      }
      return bench.measures;
    } finally {
      await node.destroy();
    }
  },
};
