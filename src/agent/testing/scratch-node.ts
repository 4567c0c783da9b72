/**
 * A node in a namespace of its own with the agent as a process in it, called through the real plugin. For tests and
 * benchmarks that end agents; `scratch-network.ts` is for those that send packets.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from 'esbuild';

import { ipv4 } from '../../core/address/ipv4.ts';
import { mac } from '../../core/address/mac.ts';
import { openKernel } from '../../linux/kernel.ts';
import type { Kernel, Netns } from '../../linux/port.ts';
import type { AgentNews, AgentOrder, AgentProcessConfig } from './agent-process.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
}

export interface AgentProcess {
  readonly pid: number;
  /** Whether it has been the end of it. */
  hasEnded(): boolean;
  ended(): Promise<void>;
  arm(step: number): Promise<void>;
  usage(): Promise<{ readonly rssBytes: number; readonly cpuMicroseconds: number }>;
  signal(name: NodeJS.Signals): void;
}

export interface ScratchNode {
  readonly kernel: Kernel;
  /** The node's own. */
  readonly netns: Netns;
  readonly folder: string;
  readonly stateDir: string;
  /** The full name of a pod's namespace, which `addPod` makes. */
  podNetns(pod: string): string;
  addPod(pod: string): void;
  removePod(pod: string): void;
  /** Returns when it serves. */
  startAgent(more?: Partial<AgentProcessConfig>): Promise<AgentProcess>;
  /** Returns at once: it may be about to die. */
  launchAgent(more?: Partial<AgentProcessConfig>): AgentProcess & { ready(): Promise<void> };
  environment(command: string, pod: string): Readonly<Record<string, string>>;
  /** A plugin with a deadline of half a second. */
  readonly hastyPlugin: string;
  readonly patientPlugin: string;
  plugin(command: string, pod: string, program?: string): ChildProcess;
  cni(command: string, pod: string, program?: string): Promise<Ended>;
  destroy(): Promise<void>;
}

export interface ScratchNodeOptions {
  /** Required: of every namespace. */
  readonly prefix: string;
  /** Required: builds the plugin with these values in place of its own. */
  readonly buildShim: (out: string, options: { readonly defines: Readonly<Record<string, string>> }) => Promise<void>;
  readonly world: Pick<AgentProcessConfig, 'record' | 'securityGroups' | 'pods'>;
}

export const NETWORK_CONFIG = '{"cniVersion":"1.0.0","name":"branchline","type":"branchline-cni"}';

export async function scratchNode({ prefix, buildShim, world }: ScratchNodeOptions): Promise<ScratchNode> {
  const kernel = openKernel();
  const name = (part: string): string => `${prefix}-${part}`;
  // First: who may not make it leaves nothing behind.
  const netns = kernel.createNetns(name('node'));
  const folder = mkdtempSync(join(tmpdir(), `${prefix}-`));
  const [runDir, stateDir] = [join(folder, 'run'), join(folder, 'state')];
  const [patientPlugin, hastyPlugin] = [join(folder, 'plugin'), join(folder, 'hasty-plugin')];
  mkdirSync(runDir);
  const pods = new Set<string>();
  const agents = new Set<ChildProcess>();
  for (const [path, deadline] of [
    [patientPlugin, '30000'],
    [hastyPlugin, '500'],
  ] as const) {
    await buildShim(path, { defines: { RUN_DIR: `"${runDir}"`, DEADLINE_MS: deadline, DEL_WAIT_MS: '300' } });
  }
  const bundle = await bundleAgent(prefix);
  for (const { mac: address, deviceIndex, primaryAddress } of world.record.spec.interfaces) {
    const link = `eth${deviceIndex}`;
    kernel.apply(netns, [
      {
        op: 'add-veth',
        name: link,
        mac: mac(address),
        mtu: 9001,
        up: true,
        peer: { name: `vpc${deviceIndex}`, mtu: 9001 },
      },
      { op: 'set-link', link: `vpc${deviceIndex}`, up: true },
    ]);
    if (deviceIndex === 0)
      kernel.apply(netns, [{ op: 'replace-address', link, address: ipv4(primaryAddress), length: 20 }]);
  }

  const environment = (command: string, pod: string): Readonly<Record<string, string>> => ({
    CNI_COMMAND: command,
    CNI_CONTAINERID: `sandbox-${pod}`,
    CNI_IFNAME: 'eth0',
    CNI_NETNS: `/run/netns/${name(pod)}`,
    CNI_ARGS: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod};K8S_POD_UID=uid-${pod}`,
  });
  const plugin = (command: string, pod: string, program = patientPlugin): ChildProcess => {
    const child = spawn(program, { env: { ...environment(command, pod) }, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.on('error', () => undefined).end(NETWORK_CONFIG);
    return child;
  };
  const launchAgent = (more: Partial<AgentProcessConfig> = {}): AgentProcess & { ready(): Promise<void> } => {
    const config: AgentProcessConfig = { runDir, stateDir, linkGraceMs: 200, ...world, ...more };
    const path = join(folder, 'agent.json');
    writeFileSync(path, JSON.stringify(config));
    const log = openSync(join(folder, 'agent.log'), 'a');
    // As the manifest starts it.
    const node = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--max-semi-space-size=1',
      '--v8-pool-size=2',
    ];
    const child = spawn('nsenter', [`--net=/run/netns/${name('node')}`, ...node, bundle, path], {
      stdio: ['ignore', log, 'inherit', 'ipc'],
    });
    closeSync(log);
    agents.add(child);
    const gone = once(child, 'close').then(() => void agents.delete(child));
    const news = <K extends AgentNews['kind']>(kind: K): Promise<Extract<AgentNews, { kind: K }>> =>
      new Promise((resolve, reject) => {
        const listener = (message: AgentNews): void => {
          if (message.kind !== kind) return;
          child.off('message', listener);
          resolve(message as Extract<AgentNews, { kind: K }>);
        };
        child.on('message', listener);
        void gone.then(() => reject(new Error(`the agent ended before it was ${kind}`)));
      });
    const ready = news('ready');
    ready.catch(() => undefined);
    // Of one that has died meanwhile no news will come.
    const order = (message: AgentOrder): void => void child.send(message, () => undefined);
    return {
      pid: child.pid ?? 0,
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
      ended: () => gone,
      ready: async () => void (await ready),
      async arm(step) {
        const armed = news('armed');
        order({ kind: 'arm', step });
        await armed;
      },
      usage() {
        const usage = news('usage');
        order({ kind: 'usage' });
        return usage;
      },
      signal: (signal) => void child.kill(signal),
    };
  };

  return {
    kernel,
    netns,
    folder,
    stateDir,
    podNetns: name,
    addPod(pod) {
      kernel.createNetns(name(pod)).close();
      pods.add(pod);
    },
    removePod(pod) {
      kernel.deleteNetns(name(pod));
      pods.delete(pod);
    },
    launchAgent,
    async startAgent(more) {
      const agent = launchAgent(more);
      await agent.ready();
      return agent;
    },
    environment,
    hastyPlugin,
    patientPlugin,
    plugin,
    async cni(command, pod, program) {
      const child = plugin(command, pod, program);
      const chunks: Buffer[] = [];
      child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, stdout: Buffer.concat(chunks).toString() };
    },
    async destroy() {
      for (const agent of agents) {
        agent.kill('SIGKILL');
        if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'close');
      }
      for (const pod of pods) kernel.deleteNetns(name(pod));
      netns.close();
      kernel.deleteNetns(name('node'));
      rmSync(folder, { recursive: true, force: true });
      rmSync(bundle, { force: true });
    },
  };
}

/** Started many times, so it is bundled once; inside the clone, where koffi is found. */
async function bundleAgent(prefix: string): Promise<string> {
  const outfile = join(import.meta.dirname, `../../../.build/test/${prefix}-agent.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'agent-process.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external: ['koffi'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return outfile;
}
