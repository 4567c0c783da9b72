/** Reads what reaping must know of the machine: its processes, the registered namespaces and cgroups, mounts. */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { parseStat, type Registry } from './registry.ts';

export interface RunningProcess {
  readonly pid: number;
  readonly startTime: number;
  /** Inode of its network namespace; undefined for kernel threads and what ended meanwhile. */
  readonly netns: number | undefined;
  /** As it was called: the first word of its command line. */
  readonly program: string;
}

export interface Cgroup {
  readonly path: string;
  /** Of itself and of all below. */
  readonly pids: readonly number[];
  /** Itself and all below, deepest first. */
  readonly folders: readonly string[];
}

export interface Machine {
  readonly bootId: string;
  /** The lab's. */
  readonly stateDir: string;
  /** Without zombies. */
  readonly processes: readonly RunningProcess[];
  /** The registered ones that exist; inode undefined: only the file is there, nothing is mounted on it. */
  readonly netns: readonly { readonly name: string; readonly inode: number | undefined }[];
  readonly cgroups: readonly Cgroup[];
  /** Mount points below the lab's state folder, deepest first. */
  readonly mounts: readonly string[];
  /** Paths of the registered files that hold what was written into them. */
  readonly files: readonly string[];
}

const NETNS_FOLDER = '/run/netns';

export function readMachine(options: { readonly registry: Registry; readonly stateDir: string }): Machine {
  const { registry, stateDir } = options;
  const mountInfo = readFileSync('/proc/self/mountinfo', 'utf8');
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    stateDir,
    processes: readProcesses(),
    netns: registry.netns.flatMap((name) => {
      const inode = netnsInode(join(NETNS_FOLDER, name));
      return inode === 'absent' ? [] : [{ name, inode }];
    }),
    cgroups: cgroupRoots(mountInfo).flatMap((root) => registry.cgroups.flatMap((name) => readCgroup(join(root, name)))),
    mounts: mountsBelow(mountInfo, stateDir),
    files: registry.files.flatMap(({ path, text }) =>
      attempt(() => readFileSync(path, 'utf8')) === text ? [path] : [],
    ),
  };
}

function readProcesses(): readonly RunningProcess[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const stat = attempt(() => parseStat(readFileSync(`/proc/${entry}/stat`, 'utf8')));
      if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return [];
      const link = attempt(() => readlinkSync(`/proc/${entry}/ns/net`));
      const inode = Number(/\[(\d+)\]/.exec(link ?? '')?.[1]);
      const [program = ''] = (attempt(() => readFileSync(`/proc/${entry}/cmdline`, 'utf8')) ?? '').split('\0');
      const netns = Number.isInteger(inode) ? inode : undefined;
      return [{ pid: stat.pid, startTime: stat.startTime, netns, program }];
    });
}

export function netnsInode(path: string): number | undefined | 'absent' {
  const file = attempt(() => statSync(path));
  if (file === undefined) return 'absent';
  return file.dev === statSync(NETNS_FOLDER).dev ? undefined : file.ino;
}

export function cgroupRoots(mountInfo: string): readonly string[] {
  return mountLines(mountInfo).flatMap(({ path, type }) => (type === 'cgroup' || type === 'cgroup2' ? [path] : []));
}

function readCgroup(path: string): readonly Cgroup[] {
  const folders = foldersOf(path);
  if (folders.length === 0) return [];
  const pids = folders.flatMap((folder) =>
    (attempt(() => readFileSync(join(folder, 'cgroup.procs'), 'utf8')) ?? '').split('\n').filter(Boolean).map(Number),
  );
  return [{ path, pids: [...new Set(pids)], folders }];
}

function foldersOf(path: string): readonly string[] {
  const entries = attempt(() => readdirSync(path, { withFileTypes: true }));
  if (entries === undefined) return [];
  return [...entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => foldersOf(join(path, name))), path];
}

const mountsBelow = (mountInfo: string, folder: string): readonly string[] =>
  mountLines(mountInfo)
    .map(({ path }) => path)
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();

function mountLines(mountInfo: string): readonly { readonly path: string; readonly type: string }[] {
  return mountInfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const path = before.split(' ')[4];
    if (path === undefined) return [];
    // Blanks and the like are written as three octal digits.
    const plain = path.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
    return [{ path: plain, type: after.split(' ')[0] ?? '' }];
  });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // What /proc shows may end between two looks.
    return undefined;
  }
}
