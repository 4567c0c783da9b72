/**
 * A node with interfaces in a network of namespaces of its own, and programs in them that talk TCP. Tests only.
 *
 *   remote, internet ── router (plays the VPC without groups) ══ eth0, eth1, eth2 ── node ── pods
 *
 * The router takes from an interface only what bears one of its addresses, as EC2 does.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export interface ScratchInterface {
  readonly name: string;
  readonly mac: string;
  readonly primary: string;
  /** And prefixes. */
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
  /** Attaches a further interface to the running node, as EC2 does: the link is there and down. */
  plug(attached: ScratchInterface): void;
  /** Adds nft text in a namespace. */
  load(name: string, ruleset: string): void;
  /** Answers on each port with application bytes. */
  serve(name: string, ports: readonly number[]): Promise<void>;
  /** Whether application bytes came back, for each target. */
  probe(name: string, targets: readonly Probe[]): Promise<readonly ('open' | 'closed')[]>;
  /** As which address each target sees the one who asks; undefined where nothing came back. */
  seenAs(name: string, targets: readonly Probe[]): Promise<readonly (string | undefined)[]>;
  /** Runs a program in a namespace; throws with what it said when it fails. */
  run(
    name: string,
    command: readonly string[],
    options?: { readonly input?: string; readonly env?: NodeJS.ProcessEnv },
  ): string;
  destroy(): Promise<void>;
}

export const REMOTE = '10.0.0.99';
/** Outside the VPC; the router translates nothing. */
export const INTERNET = '203.0.113.9';
export const REMOTE6 = '2001:db8::99';
export const INTERNET6 = '2001:db8:ffff::9';

/** As EC2's router answers in each family; `subnet` is what the node's first interface has of it. */
const families = {
  4: { ip: 'ip', gateway: '10.0.0.1', length: 32, subnet: 20, remote: REMOTE, internet: INTERNET },
  6: { ip: 'ip6', gateway: 'fe80:ec2::1', length: 128, subnet: 128, remote: REMOTE6, internet: INTERNET6 },
} as const;

const serverProgram = `
  const { createServer } = require('node:net');
  const ports = process.argv.slice(1).map(Number);
  let left = ports.length;
  for (const port of ports) createServer((s) => { s.on('error', () => {}); s.end(s.remoteAddress.replace('::ffff:', '')); }).listen(port, '::', () => {
    if (--left === 0) console.log('listening');
  });`;
const probeProgram = `
  const { connect } = require('node:net');
  const targets = JSON.parse(process.argv[1]);
  Promise.all(targets.map(({ host, port }) => new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer) => { socket.destroy(); resolve(answer); };
    socket.setTimeout(900, () => end(null));
    socket.on('data', (bytes) => end(String(bytes))).on('error', () => end(null)).on('close', () => end(null));
  }))).then((answers) => console.log(JSON.stringify(answers)));`;

/** Of the family of the first interface's primary address. */
export function scratchNetwork(prefix: string, interfaces: readonly ScratchInterface[]): ScratchNetwork {
  const isIpv6 = interfaces[0]?.primary.includes(':') === true;
  const family = families[isIpv6 ? 6 : 4];
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
    // A machine's interfaces have looked for duplicates long before there is an agent.
    for (const scope of ['all', 'default']) sysctl(name, `net.ipv6.conf.${scope}.accept_dad`, '0');
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
    if (isIpv6) within('router', 'addr', 'add', `${family.gateway}/64`, 'dev', port);
  };
  const start = (name: string, program: string, args: readonly string[]): ChildProcess =>
    spawn('ip', ['netns', 'exec', netns(name), process.execPath, '-e', program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  const outsider = (name: string, address: string, mac: string): void => {
    join(name, 'eth0', mac, `p${name}`);
    const own = `${address}/${family.length}`;
    within('router', 'route', 'add', own, 'dev', `p${name}`);
    within(name, 'link', 'set', 'eth0', 'up');
    within(name, 'addr', 'add', own, 'dev', 'eth0');
    within(name, 'route', 'add', family.gateway, 'dev', 'eth0');
    within(name, 'route', 'add', 'default', 'via', family.gateway, 'dev', 'eth0');
  };
  const run: ScratchNetwork['run'] = (name, command, { input = '', env = {} } = {}) => {
    const args = ['netns', 'exec', netns(name), ...command];
    const { status, stdout, stderr } = spawnSync('ip', args, {
      encoding: 'utf8',
      input,
      env: { ...process.env, ...env },
    });
    if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  };
  const load = (name: string, ruleset: string): void => void run(name, ['nft', '-f', '-'], { input: ruleset });

  for (const name of ['router', 'node', 'remote', 'internet']) addNetns(name);
  sysctl('router', isIpv6 ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward', '1');
  if (!isIpv6) within('router', 'addr', 'add', `${family.gateway}/32`, 'dev', 'lo');
  load('router', 'table inet sources { chain check { type filter hook forward priority filter; }\n }');
  let plugged = 0;
  const plug = ({ name, mac, primary, addresses }: ScratchInterface): void => {
    const port = `p${plugged++}`;
    join('node', name, mac, port);
    const host = (address: string): string => (address.includes('/') ? address : `${address}/${family.length}`);
    within('router', 'route', 'add', host(primary), 'dev', port);
    // EC2 knows whose an address is, and asks no machine.
    if (isIpv6) within('router', 'neigh', 'add', primary, 'lladdr', mac, 'dev', port, 'nud', 'permanent');
    for (const address of addresses)
      within('router', 'route', 'add', host(address), 'via', primary, 'dev', port, 'onlink');
    const own = [primary, ...addresses].join(', ');
    load('router', `add rule inet sources check iifname "${port}" ${family.ip} saddr != { ${own} } drop`);
  };
  for (const attached of interfaces) plug(attached);
  const [first] = interfaces;
  if (first !== undefined) {
    within('node', 'link', 'set', first.name, 'up');
    within('node', 'addr', 'add', `${first.primary}/${family.subnet}`, 'dev', first.name);
    within('node', 'route', 'add', 'default', 'via', family.gateway, 'dev', first.name);
  }
  outsider('remote', family.remote, '06:00:00:00:00:99');
  outsider('internet', family.internet, '06:00:00:00:00:98');
  const seenAs: ScratchNetwork['seenAs'] = async (name, targets) => {
    const child = start(name, probeProgram, [JSON.stringify(targets)]);
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(child, 'close');
    const answers = JSON.parse(Buffer.concat(chunks).toString()) as readonly (string | null)[];
    return answers.map((answer) => answer ?? undefined);
  };

  return {
    netns,
    addPod: addNetns,
    plug,
    load,
    run,
    seenAs,
    async serve(name, ports) {
      const child = start(name, serverProgram, ports.map(String));
      children.push(child);
      if (child.stdout !== null) await once(child.stdout, 'data');
    },
    probe: async (name, targets) =>
      (await seenAs(name, targets)).map((answer) => (answer === undefined ? 'closed' : 'open')),
    async destroy() {
      for (const child of children) {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
      }
      for (const name of made) ip('netns', 'del', name);
    },
  };
}
