/**
 * Instances of a test: namespaces with a witness in each, and one in the fabric's own that plays what is outside. Made
 * with `ip`, so that nothing of what is under test makes its own evidence.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { Attempt, Patience, Request } from './witness.ts';

export interface ScratchInstances {
  /** Makes the namespace; its witness will bind these addresses, whether or not the instance has them yet. */
  add(netns: string, addresses: readonly string[]): Promise<void>;
  /** Starts a witness in a namespace that is there already. */
  watch(netns: string, addresses: readonly string[], ports?: readonly number[]): Promise<void>;
  /** Whether each flow reached its target; the instances by the namespaces of their witnesses. */
  probe(flows: readonly Probe[]): Promise<readonly boolean[]>;
  ask(netns: string, request: Request): Promise<readonly number[]>;
  ip(netns: string, ...args: readonly string[]): string;
  destroy(): void;
}

export interface Probe extends Omit<Attempt, 'tag'> {
  /** Namespace that it is sent from. */
  readonly from: string;
  /** Namespace that it should arrive in. */
  readonly to: string;
}

/** After so many in vain they are sent again: nobody else does, and a busy machine may lose one that should arrive. */
const LOOKS_A_TRY = 50;
const patience: Patience = { waitMs: 10_000, graceMs: 150 };
/** Every witness listens on them; pairs of neighbours, so that a range's ends are seen. */
export const PORTS: readonly number[] = [52, 53, 80, 81, 443, 444, 5431, 5432, 5433, 65_534, 65_535];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const witnessProgram = fileURLToPath(new URL('witness.ts', import.meta.url));

interface Witness {
  readonly child: ChildProcess;
  readonly waiting: Map<number, (answer: { readonly tags?: readonly number[]; readonly error?: string }) => void>;
}

export function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

export function scratchInstances(): ScratchInstances {
  const made: string[] = [];
  const witnesses = new Map<string, Witness>();
  let lastTag = 0;
  const ip = (netns: string, ...args: readonly string[]): string => run('ip', ['-n', netns, ...args]);

  const watch = (netns: string, addresses: readonly string[], ports = PORTS): Promise<void> => {
    const given = JSON.stringify({ addresses, ports });
    const args = [
      'netns',
      'exec',
      netns,
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      witnessProgram,
      given,
    ];
    const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const waiting: Witness['waiting'] = new Map();
    witnesses.set(netns, { child, waiting });
    // Its first line, without an id, says that it listens.
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as { id: number; tags?: readonly number[]; error?: string };
      waiting.get(id)?.(answer);
      waiting.delete(id);
    });
    return new Promise((resolve) => lines.once('line', () => resolve()));
  };

  const ask = (netns: string, request: Request): Promise<readonly number[]> => {
    const witness = witnesses.get(netns);
    if (witness === undefined) throw new Error(`nobody watches ${netns}`);
    const id = ++lastTag;
    return new Promise((resolve, reject) => {
      witness.waiting.set(id, ({ tags, error }) =>
        tags === undefined ? reject(new Error(`${netns}: ${error}`)) : resolve(tags),
      );
      witness.child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  };

  const probe = async (flows: readonly Probe[]): Promise<readonly boolean[]> => {
    const tagged = flows.map((flow) => ({ ...flow, tag: ++lastTag }));
    const opened = new Set<number>();
    await Promise.all(
      [...Map.groupBy(tagged, ({ from }) => from)].map(async ([netns, attempts]) => {
        for (const tag of await ask(netns, { do: 'attempt', attempts, patience })) opened.add(tag);
      }),
    );
    // Others than TCP and UDP are seen by their target alone.
    const silent = tagged.filter(({ protocol }) => protocol !== 6 && protocol !== 17);
    const ends = new Set(silent.map(({ to }) => to));
    const collect = async (): Promise<void> => {
      for (const netns of ends) {
        const arrived = new Set(await ask(netns, { do: 'arrivals' }));
        for (const { tag, to } of silent) if (to === netns && arrived.has(tag)) opened.add(tag);
      }
    };
    const end = Date.now() + patience.waitMs;
    const missing = () => silent.filter(({ tag, expected }) => expected && !opened.has(tag));
    for (let look = 1; missing().length > 0 && Date.now() < end; look++) {
      await collect();
      await sleep(10);
      if (look % LOOKS_A_TRY > 0) continue;
      for (const [netns, attempts] of Map.groupBy(missing(), ({ from }) => from)) {
        await ask(netns, { do: 'attempt', attempts, patience });
      }
    }
    if (silent.some(({ expected }) => !expected)) await sleep(patience.graceMs).then(collect);
    return tagged.map(({ tag }) => opened.has(tag));
  };

  return {
    add(netns, addresses) {
      run('ip', ['netns', 'add', netns]);
      made.push(netns);
      ip(netns, 'link', 'set', 'lo', 'up');
      const settings = [
        // Witnesses listen before the fabric brings the addresses.
        'net.ipv4.ip_nonlocal_bind=1',
        'net.ipv6.ip_nonlocal_bind=1',
        'net.ipv4.conf.all.rp_filter=0',
        'net.ipv4.conf.default.rp_filter=0',
        // A node does not answer ARP for its pods; the fabric must not depend on it.
        'net.ipv4.conf.all.arp_ignore=8',
      ];
      run('ip', ['netns', 'exec', netns, 'sysctl', '-qw', ...settings]);
      return watch(netns, addresses);
    },
    watch,
    probe,
    ask,
    ip,
    destroy() {
      for (const { child } of witnesses.values()) child.kill('SIGKILL');
      for (const netns of made) spawnSync('ip', ['netns', 'del', netns]);
    },
  };
}
