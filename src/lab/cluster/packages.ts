/** The Debian packages that a machine needs to be a lab: installed where absent and we may, else named. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import { run } from '../supervisor/run.ts';

interface Package {
  readonly name: string;
  /** A program that another vendor's package may have brought; then Debian's stays away (it would replace the other). */
  readonly orProgram?: string;
}

const packages: readonly Package[] = [
  { name: 'containerd', orProgram: '/usr/bin/containerd' },
  { name: 'runc', orProgram: '/usr/bin/runc' },
  // containerd wants `loopback` in every bin_dir; agents chain `portmap`.
  { name: 'containernetworking-plugins' },
  { name: 'nftables' },
  { name: 'libnftables1' },
  // `portmap` and the kubelet call it.
  { name: 'iptables' },
  { name: 'conntrack' },
  { name: 'iproute2' },
  { name: 'busybox-static' },
  { name: 'openssl' },
  // Builds the CNI shim as a static binary.
  { name: 'musl-tools' },
];

export interface EnsurePackagesOptions {
  readonly say: (text: string) => void;
}

export async function ensurePackages({ say }: EnsurePackagesOptions): Promise<void> {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `the lab needs these Debian packages or their like, and there is no apt-get here: ${missing.join(', ')}`,
    );
  }
  if (process.getuid?.() !== 0) throw new Error(`the lab needs packages that only root can install: sudo ${command}`);
  say(`Installing Debian packages: ${missing.join(', ')} …`);
  const started = performance.now();
  await withoutServices(async () => {
    if (!hasPackageLists()) await aptGet(['update']);
    try {
      await aptGet(['install', ...missing]);
    } catch {
      // The lists may be older than what the mirror still has.
      await aptGet(['update']);
      await aptGet(['install', ...missing]);
    }
  });
  say(`Installed in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
}

async function missingPackages(): Promise<readonly string[]> {
  const installed = new Set<string>();
  if (existsSync('/usr/bin/dpkg-query')) {
    const format = ['--showformat', '${Package} ${db:Status-Status}\n'];
    const { stdout } = await run('dpkg-query', ['--show', ...format, ...packages.map(({ name }) => name)]);
    for (const line of stdout.split('\n')) {
      const [name, status] = line.split(' ');
      if (name !== undefined && status === 'installed') installed.add(name);
    }
  }
  return packages
    .filter(({ name, orProgram }) => !installed.has(name) && !(orProgram !== undefined && isProgram(orProgram)))
    .map(({ name }) => name);
}

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const hasPackageLists = (): boolean => {
  try {
    return readdirSync('/var/lib/apt/lists').some((file) => /_Packages(\.\w+)?$/.test(file));
  } catch {
    return false;
  }
};

/** Nothing that is installed may replace or remove what the machine has. */
async function aptGet(args: readonly string[]): Promise<void> {
  const options = ['-qq', '-y', '--no-install-recommends', '--no-remove', '-o', 'DPkg::Lock::Timeout=300'];
  const child = spawn('apt-get', [...options, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', APT_LISTCHANGES_FRONTEND: 'none' },
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0)
    throw new Error(`apt-get ${args.join(' ')} failed:\n${output.join('').split('\n').slice(-15).join('\n')}`);
}

const policyPath = '/usr/sbin/policy-rc.d';
const policy = '#!/bin/sh\n# Of Branchline’s lab, while it installs packages: no service starts.\nexit 101\n';

/** Packages of daemons start them on installation unless this file says no; a machine that has one is asked nothing. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  const own = !existsSync(policyPath) || readFileSync(policyPath, 'utf8') === policy;
  if (own) writeFileSync(policyPath, policy, { mode: 0o755 });
  try {
    await work();
  } finally {
    if (own) rmSync(policyPath, { force: true });
  }
}
