/**
 * A node with interfaces in a network of namespaces of its own, and programs in them that talk TCP. Tests only.
 *
 *   remote ── router (plays the VPC without groups) ══ eth0, eth1, eth2 ── node ── pods
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export interface ScratchInterface {
  readonly name: string;
  readonly mac: string;
  readonly primary: string;
  readonly addresses: readonly string[];
}

export interface Probe {
  readonly host: string;
  readonly port: number;
}

export interface ScratchNetwork {
  /** The full name of a namespace of this network. */
  netns(name: string): string;
  addPod(name: string): void;
  /** Adds nft text in a namespace. */
  load(name: string, ruleset: string): void;
  /** Answers on each port with application bytes. */
  serve(name: string, ports: readonly number[]): Promise<void>;
  /** Whether application bytes came back, for each target. */
  probe(name: string, targets: readonly Probe[]): Promise<readonly ('open' | 'closed')[]>;
  destroy(): Promise<void>;
}

const GATEWAY = '10.0.0.1';
export const REMOTE = '10.0.0.99';

const serverProgram = `
  const { createServer } = require('node:net');
  const ports = process.argv.slice(1).map(Number);
  let left = ports.length;
  for (const port of ports) createServer((s) => { s.on('error', () => {}); s.end('hello'); }).listen(port, '0.0.0.0', () => {
    if (--left === 0) console.log('listening');
  });`;
const probeProgram = `
  const { connect } = require('node:net');
  const targets = JSON.parse(process.argv[1]);
  Promise.all(targets.map(({ host, port }) => new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer) => { socket.destroy(); resolve(answer); };
    socket.setTimeout(900, () => end('closed'));
    socket.on('data', () => end('open')).on('error', () => end('closed')).on('close', () => end('closed'));
  }))).then((answers) => console.log(JSON.stringify(answers)));`;

export function scratchNetwork(prefix: string, interfaces: readonly ScratchInterface[]): ScratchNetwork {
  const made: string[] = [];
  const children: ChildProcess[] = [];
  const netns = (name: string): string => `${prefix}-${name}`;
  const ip = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  };
  const within = (name: string, ...args: readonly string[]): void => ip('-n', netns(name), ...args);
  const sysctl = (name: string, key: string, value: string): void =>
    ip('netns', 'exec', netns(name), 'sysctl', '-qw', `${key}=${value}`);
  const addNetns = (name: string): void => {
    ip('netns', 'add', netns(name));
    made.push(netns(name));
    within(name, 'link', 'set', 'lo', 'up');
  };
  const join = (name: string, link: string, mac: string, port: string): void => {
    within(
      'router',
      'link',
      'add',
      port,
      'mtu',
      '9001',
      'up',
      'type',
      'veth',
      'peer',
      'name',
      link,
      'netns',
      netns(name),
      'address',
      mac,
      'mtu',
      '9001',
    );
    sysctl('router', `net.ipv4.conf.${port}.proxy_arp`, '1');
    sysctl('router', `net.ipv4.neigh.${port}.proxy_delay`, '0');
  };
  const start = (name: string, program: string, args: readonly string[]): ChildProcess =>
    spawn('ip', ['netns', 'exec', netns(name), process.execPath, '-e', program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  for (const name of ['router', 'node', 'remote']) addNetns(name);
  sysctl('router', 'net.ipv4.ip_forward', '1');
  within('router', 'addr', 'add', `${GATEWAY}/32`, 'dev', 'lo');
  for (const [at, { name, mac, primary, addresses }] of interfaces.entries()) {
    join('node', name, mac, `p${at}`);
    within('router', 'route', 'add', `${primary}/32`, 'dev', `p${at}`);
    for (const address of addresses)
      within('router', 'route', 'add', `${address}/32`, 'via', primary, 'dev', `p${at}`, 'onlink');
  }
  const [first] = interfaces;
  if (first !== undefined) {
    within('node', 'link', 'set', first.name, 'up');
    within('node', 'addr', 'add', `${first.primary}/20`, 'dev', first.name);
    within('node', 'route', 'add', 'default', 'via', GATEWAY);
  }
  join('remote', 'eth0', '06:00:00:00:00:99', 'premote');
  within('router', 'route', 'add', `${REMOTE}/32`, 'dev', 'premote');
  within('remote', 'link', 'set', 'eth0', 'up');
  within('remote', 'addr', 'add', `${REMOTE}/20`, 'dev', 'eth0');

  return {
    netns,
    addPod: addNetns,
    load(name, ruleset) {
      const args = ['netns', 'exec', netns(name), 'nft', '-f', '-'];
      const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8', input: ruleset });
      if (status !== 0) throw new Error(stderr);
    },
    async serve(name, ports) {
      const child = start(name, serverProgram, ports.map(String));
      children.push(child);
      if (child.stdout !== null) await once(child.stdout, 'data');
    },
    async probe(name, targets) {
      const child = start(name, probeProgram, [JSON.stringify(targets)]);
      const chunks: Buffer[] = [];
      child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
      await once(child, 'close');
      return JSON.parse(Buffer.concat(chunks).toString()) as readonly ('open' | 'closed')[];
    },
    async destroy() {
      for (const child of children) {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
      }
      for (const name of made) ip('netns', 'del', name);
    },
  };
}
