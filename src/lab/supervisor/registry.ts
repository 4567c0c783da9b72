/**
 * What a lab has made on this machine, as files under its run folder, written before the thing itself is made: so that
 * a start after `kill -9` of everything knows what to take away.
 *
 *   processes/NAME.PID   boot id and /proc/PID/stat, written by the process itself before it becomes the program
 *   netns/NAME           a namespace under /run/netns
 *   cgroups/NAME         a folder below the root of every cgroup hierarchy
 *   files/HASH           JSON: path and text of a file elsewhere, ours as long as it holds that text
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RegisteredProcess {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks since boot: with it a pid names one process for ever. */
  readonly startTime: number;
  readonly bootId: string;
}

export interface Registry {
  readonly processes: readonly RegisteredProcess[];
  readonly netns: readonly string[];
  readonly cgroups: readonly string[];
  readonly files: readonly RegisteredFile[];
}

export interface RegisteredFile {
  readonly path: string;
  readonly text: string;
}

/** To be called before the namespace is made. */
export const announceNetns = (runDir: string, name: string): void => announce(runDir, 'netns', { name });

/** To be called before the cgroup is made. */
export const announceCgroup = (runDir: string, name: string): void => announce(runDir, 'cgroups', { name });

/** To be called before the file is written. */
export function announceFile(runDir: string, file: RegisteredFile): void {
  const text = JSON.stringify(file);
  announce(runDir, 'files', { name: createHash('sha256').update(text).digest('hex').slice(0, 16), text });
}

/**
 * A command that enters itself in the registry and then becomes `argv`, with the pid that it has: no moment is left in
 * which the program runs and the registry does not know it. Where the registry has gone meanwhile, it does not run.
 */
export function announcedCommand(
  runDir: string,
  options: { readonly name: string; readonly argv: readonly string[] },
): readonly string[] {
  const folder = join(runDir, 'processes');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const script =
    'read -r boot </proc/sys/kernel/random/boot_id; read -r stat <"/proc/$$/stat"; echo "$boot $stat" >"$0.$$" || exit 1; exec "$@"';
  return ['/bin/sh', '-c', script, join(folder, options.name), ...options.argv];
}

export function readRegistry(runDir: string): Registry {
  const processes = list(runDir, 'processes').flatMap((file) => {
    const [bootId = '', ...stat] = readFileSync(join(runDir, 'processes', file), 'utf8').split(' ');
    const parsed = parseStat(stat.join(' '));
    return parsed === undefined ? [] : [{ name: file.replace(/\.\d+$/, ''), bootId, ...parsed }];
  });
  const files = list(runDir, 'files').flatMap((entry) => parseFile(readFileSync(join(runDir, 'files', entry), 'utf8')));
  return { processes, netns: list(runDir, 'netns'), cgroups: list(runDir, 'cgroups'), files };
}

/** Of processes that have ended. */
export function forgetProcesses(runDir: string, processes: readonly RegisteredProcess[]): void {
  for (const { name, pid } of processes) rmSync(join(runDir, 'processes', `${name}.${pid}`), { force: true });
}

export const clearRegistry = (runDir: string): void => rmSync(runDir, { recursive: true, force: true });

export interface Stat {
  readonly pid: number;
  /** One letter; `Z` is a zombie. */
  readonly state: string;
  readonly startTime: number;
}

/** /proc/PID/stat; undefined for what is no such text (a process that was killed while it announced itself). */
export function parseStat(text: string): Stat | undefined {
  // The name in parentheses may hold anything, also spaces and parentheses: fields are counted from the last one.
  const end = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text
    .slice(end + 2)
    .trim()
    .split(' ');
  const startTime = Number(fields[19]);
  const [state] = fields;
  if (end < 0 || state === undefined || !Number.isInteger(pid) || !Number.isInteger(startTime)) return undefined;
  return { pid, state, startTime };
}

function announce(
  runDir: string,
  kind: 'netns' | 'cgroups' | 'files',
  { name, text = '' }: { readonly name: string; readonly text?: string },
): void {
  const folder = join(runDir, kind);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, name), text);
}

/** Nothing of a text that was cut off: then the file itself was never written. */
function parseFile(text: string): readonly RegisteredFile[] {
  try {
    return [JSON.parse(text) as RegisteredFile];
  } catch {
    return [];
  }
}

function list(runDir: string, kind: string): readonly string[] {
  try {
    return readdirSync(join(runDir, kind)).sort();
  } catch {
    return [];
  }
}
