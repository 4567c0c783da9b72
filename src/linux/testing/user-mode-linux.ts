/**
 * Runs a command on another kernel: Debian's user-mode Linux, a kernel that is a program. It boots in two seconds, sees
 * this machine's files, read-only, and has what this machine's kernel may lack. It needs no root.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = '/usr/bin/linux.uml';
const MODULES = '/usr/lib/uml/modules';
export const hasUserModeLinux = (): boolean => existsSync(PROGRAM) && existsSync(MODULES);

export interface UserModeRun {
  /** Words of a shell. */
  readonly command: string;
  readonly folder: string;
  readonly modules: readonly string[];
  readonly timeoutMs: number;
}
export interface UserModeOutcome {
  /** undefined when the kernel did not come to the command's end. */
  readonly status: number | undefined;
  /** Of the kernel and of the command, both outputs. */
  readonly output: string;
}

/** The first process of the kernel. Its root file system is ours, so nothing of it may be written but new mounts. */
const init = ({ command, folder, modules }: UserModeRun, shared: string): string => `#!/bin/sh
export HOME=/run/tmp TMPDIR=/run/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin NO_COLOR=1 CI=1
mount() { ${shared}/mount "$@"; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir /run/tmp /run/shared /run/modules /run/modules/lib
mount -t hostfs -o ${shared} none /run/shared
ln -s ${MODULES} /run/modules/lib/modules
for module in ${modules.join(' ')}; do modprobe -d /run/modules $module; done
ip link set lo up
cd '${folder}'
${command} >/run/shared/output 2>&1
echo $? >/run/shared/status
exec /sbin/halt -f
`;

export async function runInUserModeLinux(run: UserModeRun): Promise<UserModeOutcome> {
  const shared = mkdtempSync(join(tmpdir(), 'brlt-uml-'));
  const read = (name: string): string | undefined => {
    const path = join(shared, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  try {
    const script = join(shared, 'init');
    writeFileSync(script, init(run, shared), { mode: 0o755 });
    // The system's runs as its owner, who in a user namespace is nobody.
    copyFileSync('/bin/mount', join(shared, 'mount'));
    chmodSync(join(shared, 'mount'), 0o755);
    const root = ['rootfstype=hostfs', 'rootflags=/', 'ro', `init=${script}`];
    const console = ['con=null', 'con0=null,fd:1', 'quiet'];
    const words = await boot(['mem=768M', ...root, ...console, `uml_dir=${shared}`], run.timeoutMs);
    const status = read('status');
    return { status: status === undefined ? undefined : Number(status), output: `${words}${read('output') ?? ''}` };
  } finally {
    rmSync(shared, { recursive: true, force: true });
  }
}

/** What it printed until it halted or its time was over. Its processes are processes of ours, in a group of their own. */
async function boot(args: readonly string[], timeoutMs: number): Promise<string> {
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  const { pid } = child;
  const timer = setTimeout(() => pid !== undefined && process.kill(-pid, 'SIGKILL'), timeoutMs);
  await once(child, 'close');
  clearTimeout(timer);
  return output.join('');
}
