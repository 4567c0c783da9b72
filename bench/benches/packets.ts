/**
 * The way of a packet between pods with groups, on one node, where the agent's rules judge it, and across two, against a
 * plain veth pair and against pods without groups as upstream wires them: throughput of one stream, and request and
 * response with both ends on one core, since what it takes to wake another core varies by more than the paths differ.
 * All paths take their turns in every round.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

import type { Bench, Measure } from '../bench.ts';
import { asUpstream, upstream } from './as-upstream.ts';
import { ours, type Stop, twoNodes } from './two-nodes.ts';
import { vpcOfNamespaces } from './vpc-of-namespaces.ts';

const ROUNDS = 9;
const SECONDS = 2;
const PORT = '5202';
const ONE_CORE = ['taskset', '-c', '0'];

interface Path {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly address: string;
}
const plain: Path = { name: 'a plain veth', from: 'plain-a', to: 'plain-b', address: '192.0.2.2' };
const paths = [
  {
    name: 'on one node',
    ours: { name: 'ours', from: 'client', to: 'same', address: ours.same },
    upstream: { name: 'as upstream, without groups', from: 'up-client', to: 'up-same', address: upstream.same },
  },
  {
    name: 'across two nodes',
    ours: { name: 'ours', from: 'client', to: 'cross', address: ours.cross },
    upstream: { name: 'as upstream, without groups', from: 'up-client', to: 'up-cross', address: upstream.cross },
  },
] as const satisfies readonly { readonly name: string; readonly ours: Path; readonly upstream: Path }[];

const kinds = [
  { name: 'throughput, TCP', unit: 'Gbit/s' },
  { name: 'half of a round trip, TCP, p50', unit: 'µs' },
  { name: 'half of a round trip, TCP, p99', unit: 'µs' },
] as const;

class Packets {
  readonly servers: ChildProcess[] = [];
  readonly netns: (place: string) => string;
  constructor(netns: (place: string) => string) {
    this.netns = netns;
  }

  spawn(place: string, command: readonly string[]): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.netns(place), ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  }
  async serve({ to, address }: Path): Promise<void> {
    const sockperf = [...ONE_CORE, 'sockperf', 'server', '--tcp', '-i', address, '-p', PORT];
    for (const command of [['iperf3', '--server', '--forceflush'], sockperf]) {
      const server = this.spawn(to, command);
      this.servers.push(server);
      if (server.stdout !== null) await once(server.stdout, 'data');
    }
  }
  async ask({ from }: Path, command: readonly string[]): Promise<string> {
    const child = this.spawn(from, command);
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr?.resume();
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${command.join(' ')}: ${text}`);
    return text;
  }
  /** In the order of `kinds`. */
  async measure(path: Path): Promise<readonly number[]> {
    // Sender and receiver on a core each: left to themselves they share one in some rounds, and the figures say which.
    const cores = ['--affinity', '0,1'];
    const stream = ['iperf3', '--client', path.address, ...cores, '--time', String(SECONDS), '--omit', '1', '--json'];
    const { end } = JSON.parse(await this.ask(path, stream)) as {
      readonly end: { readonly sum_received: { readonly bits_per_second: number } };
    };
    const pingPong = ['sockperf', 'ping-pong', '--tcp', '-i', path.address, '-p', PORT];
    const text = await this.ask(path, [...ONE_CORE, ...pingPong, '-m', '64', '-t', String(SECONDS)]);
    const percentile = (of: string): number =>
      Number(new RegExp(`percentile ${of} = +([0-9.]+)`).exec(text)?.[1] ?? Number.NaN);
    return [end.sum_received.bits_per_second / 1e9, percentile('50.000'), percentile('99.000')];
  }
  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'close');
    }
  }
}

export const packets: Bench = {
  name: 'packets',
  summary: 'pod to pod on one node and across two, against a plain veth and upstream: throughput, request and response',
  async run(progress) {
    for (const program of ['iperf3', 'sockperf', 'taskset', 'iptables', 'nft'])
      if (spawnSync(program, ['--version']).error !== undefined)
        throw new Error(
          `there is no ${program}: apt-get install --no-install-recommends iperf3 sockperf util-linux iptables nftables`,
        );
    const vpc = vpcOfNamespaces(`brlbench-${process.pid}`);
    const bench = new Packets((place) => vpc.netns(place));
    const all: readonly Path[] = [plain, ...paths.flatMap((path) => [path.ours, path.upstream])];
    const taken = new Map<Path, (readonly number[])[]>(all.map((path) => [path, []]));
    let stop: Stop = async () => undefined;
    try {
      for (const place of ['plain-a', 'plain-b']) vpc.add(place);
      vpc.connect('plain-a', 'eth0', 'plain-b', 'eth0', '06:00:00:00:09:01');
      vpc.within('plain-a', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
      vpc.within('plain-b', 'addr', 'add', `${plain.address}/24`, 'dev', 'eth0');
      vpc.within('plain-b', 'link', 'set', 'eth0', 'up');
      stop = await twoNodes(vpc);
      asUpstream(vpc);
      for (const path of taken.keys()) await bench.serve(path);
      for (let round = 1; round <= ROUNDS; round++) {
        progress(`round ${round} of ${ROUNDS}`);
        for (const [path, values] of taken) values.push(await bench.measure(path));
      }
    } finally {
      await bench.stop();
      await stop();
      vpc.destroy();
    }
    const valuesOf = (path: Path, at: number): readonly number[] =>
      (taken.get(path) ?? []).map((values) => values[at] ?? Number.NaN);
    return kinds.flatMap(({ name, unit }, at) =>
      paths.flatMap((path) =>
        [
          { of: path.ours, against: plain },
          { of: path.upstream, against: plain },
          { of: path.ours, against: path.upstream },
        ].map(({ of, against }): Measure => ({
          name: `${name}, ${path.name}, ${of.name}`,
          unit,
          ours: valuesOf(of, at),
          baseline: valuesOf(against, at),
          against: against.name,
          ratio: 'ours/baseline',
        })),
      ),
    );
  },
};
