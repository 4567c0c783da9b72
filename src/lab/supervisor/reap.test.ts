import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { describeAsRoot, isRoot } from '../../linux/testing/as-root.ts';
import { cgroupRoots } from './machine.ts';
import { reap, switchOff } from './reap.ts';
import { announceCgroup, announceFile, announceNetns, readRegistry } from './registry.ts';
import { createSupervisor } from './supervisor.ts';

const prefix = `brlt-${process.pid}`;
const netns = `${prefix}-node`;
const [hierarchy = ''] = cgroupRoots(readFileSync('/proc/self/mountinfo', 'utf8'));
const mayMakeCgroups = isRoot && isWritable(hierarchy);
const noCgroups = mayMakeCgroups ? '' : ' (only root of the machine can make cgroups)';

/**
 * As a lab does: a supervisor that starts a part in a namespace, which starts a process that outlives it in a cgroup
 * and in a namespace that nobody has announced; then it is killed before it can do anything.
 */
const supervisorProgram = `
  import { createSupervisor } from ${JSON.stringify(join(import.meta.dirname, 'supervisor.ts'))};
  const [runDir, logDir, netns, cgroup] = process.argv.slice(-4);
  const supervisor = createSupervisor({ runDir, logDir, onDeath: () => undefined });
  supervisor.start({ name: 'plain', argv: ['sleep', '1000'] });
  const script = 'echo $$ >"$0/cgroup.procs"; unshare --net sleep 1001 & echo "$!"; exec sleep 1002';
  const part = supervisor.start({
    name: 'node',
    argv: ['nsenter', '--net=/run/netns/' + netns, 'sh', '-c', script, cgroup],
    announces: true,
  });
  console.log(JSON.stringify({ node: part.pid, pod: Number(await part.firstLine) }));
  setInterval(() => undefined, 1000);
`;

describeAsRoot('reap', () => {
  let folder = '';
  let cgroup = '';
  let bystander: ReturnType<typeof spawn> | undefined;
  const runDir = (): string => join(folder, 'run');
  const stateDir = (): string => join(folder, 'state');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `${prefix}-`));
    mkdirSync(stateDir());
    announceNetns(runDir(), netns);
    expect(spawnSync('ip', ['netns', 'add', netns]).status).toBe(0);
    if (mayMakeCgroups) {
      announceCgroup(runDir(), prefix);
      cgroup = join(hierarchy, prefix);
      mkdirSync(cgroup);
    }
    bystander = spawn('sleep', ['1003']);
  });
  afterEach(async () => {
    bystander?.kill('SIGKILL');
    await reap({ runDir: runDir(), stateDir: stateDir() });
    spawnSync('ip', ['netns', 'del', netns]);
    rmSync(folder, { recursive: true, force: true });
  });

  const withCgroups = (title: string, test: () => Promise<void>) => it.runIf(mayMakeCgroups)(title + noCgroups, test);

  withCgroups(
    'after `kill -9` of the supervisor and of a part leaves no process, namespace, mount or cgroup, and others alone',
    async () => {
      const supervisor = spawn(
        process.execPath,
        ['--input-type=module', '-e', supervisorProgram, '--', runDir(), join(folder, 'logs'), netns, cgroup],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = (await once(supervisor.stdout.setEncoding('utf8'), 'data')) as [string];
      const { node, pod } = JSON.parse(line) as { readonly node: number; readonly pod: number };
      expect(isAlive(pod)).toBe(true);
      supervisor.kill('SIGKILL');
      await once(supervisor, 'exit');
      process.kill(node, 'SIGKILL');

      const own = join(stateDir(), 'mounted');
      mkdirSync(own);
      expect(spawnSync('mount', ['-t', 'tmpfs', prefix, own]).status).toBe(0);

      const { netns: deleted } = await reap({ runDir: runDir(), stateDir: stateDir() });

      expect(deleted).toBe(1);
      expect([node, pod].filter(isAlive)).toEqual([]);
      expect(readdirSync('/run/netns')).not.toContain(netns);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(prefix);
      expect(existsSync(cgroup)).toBe(false);
      expect(existsSync(runDir())).toBe(false);
      expect(isAlive(bystander?.pid ?? 0)).toBe(true);
    },
  );

  withCgroups(
    'switches off what runs in one namespace and cgroup, without taking the namespace away, and leaves the rest',
    async () => {
      const supervisor = createSupervisor({ runDir: runDir(), logDir: join(folder, 'logs'), onDeath: () => undefined });
      const script = 'echo $$ >"$0/cgroup.procs"; unshare --net sleep 1001 & echo "$!"; exec sleep 1002';
      const argv = ['nsenter', `--net=/run/netns/${netns}`, 'sh', '-c', script, cgroup];
      const node = supervisor.start({ name: 'part@node', argv, announces: true });
      const pod = Number(await node.firstLine);
      const other = supervisor.start({ name: 'other', argv: ['sleep', '1000'] });
      let deadFirst: boolean | undefined;
      await switchOff({
        runDir: runDir(),
        stateDir: stateDir(),
        suffix: '@node',
        netns,
        cgroup: prefix,
        first: async () => {
          deadFirst = !isAlive(node.pid);
          await Promise.resolve();
        },
      });
      expect(deadFirst).toBe(false);
      expect([node.pid, pod, other.pid].map(isAlive)).toEqual([false, false, true]);
      expect(readdirSync('/run/netns')).toContain(netns);
      expect(readRegistry(runDir()).processes.map(({ name }) => name)).toEqual(['other']);
    },
  );

  it('takes a file away that holds what it wrote, and leaves one that somebody has changed', async () => {
    const [kept, ours] = [join(folder, 'kept'), join(folder, '.lab', 'env')];
    for (const path of [kept, ours]) {
      announceFile(runDir(), { path, text: 'lab' });
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, 'lab');
    }
    writeFileSync(kept, 'user');
    await reap({ runDir: runDir(), stateDir: stateDir() });
    expect(readFileSync(kept, 'utf8')).toBe('user');
    expect(existsSync(join(ours, '..'))).toBe(false);
  });

  it('is harmless to repeat, and where there never was a lab', async () => {
    await reap({ runDir: runDir(), stateDir: stateDir() });
    expect(await reap({ runDir: runDir(), stateDir: stateDir() })).toEqual({ killed: 0, netns: 0 });
    expect(await reap({ runDir: join(folder, 'never'), stateDir: join(folder, 'never') })).toEqual({
      killed: 0,
      netns: 0,
    });
  });

  it('does not take for ours a process whose announcement was cut off', async () => {
    mkdirSync(join(runDir(), 'processes'), { recursive: true });
    writeFileSync(join(runDir(), 'processes', `torn.${bystander?.pid}`), `boot ${bystander?.pid} (sl`);
    await reap({ runDir: runDir(), stateDir: stateDir() });
    expect(isAlive(bystander?.pid ?? 0)).toBe(true);
  });
});

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
