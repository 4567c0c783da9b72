/** What of a lab can be seen on this machine, so that a test can say that nothing is. Reads everything anew each time. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { labCgroup, labFolders } from '../../src/lab/folders.ts';
import { cgroupRoots } from '../../src/lab/supervisor/machine.ts';
import { runStrict } from '../../src/lab/supervisor/run.ts';

const MARK = 'BRANCHLINE_TEST_LAB';

/** Environment by which every process that a lab starts, however far down, is known as its own. */
export const processMark = (name: string): Readonly<Record<string, string>> => ({ [MARK]: name });

/** One line for each thing; of the lab of this name alone, since others may run beside it. */
export function labTraces(name: string): readonly string[] {
  const { runDir, stateDir } = labFolders(name);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const netns = attempt(() => readdirSync('/run/netns')) ?? [];
  return [
    ...[runDir, stateDir].filter((path) => existsSync(path)).map((path) => `folder ${path}`),
    ...netns.filter((each) => isOf(each, name)).map((each) => `network namespace ${each}`),
    ...mounts
      .split('\n')
      .filter((line) => line.includes(`${stateDir}/`) || line.includes(`/run/netns/${name}-`))
      .map((line) => `mount ${line}`),
    ...cgroupRoots(mounts)
      .map((hierarchy) => join(hierarchy, labCgroup(name)))
      .filter((path) => existsSync(path))
      .map((path) => `cgroup ${path}`),
    ...processes(name),
  ];
}

/** Links and nftables of the machine itself, which no lab touches. */
export async function machineNetwork(): Promise<string> {
  const [links, rules] = await Promise.all([
    runStrict('ip', ['-o', 'link', 'show']),
    runStrict('nft', ['list', 'ruleset']),
  ]);
  return links.replaceAll(/ state \w+/g, '') + rules;
}

const isOf = (netns: string, name: string): boolean => netns.startsWith(`brl-${name}-`) || netns.startsWith(`${name}-`);

function processes(name: string): readonly string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      const read = (file: string): string => attempt(() => readFileSync(`/proc/${pid}/${file}`, 'utf8')) ?? '';
      const marked = read('environ').split('\0').includes(`${MARK}=${name}`);
      const inCgroup = read('cgroup').includes(`/${labCgroup(name)}/`);
      // Zombies are their parents' business.
      if ((!marked && !inCgroup) || read('stat').includes(') Z ')) return [];
      return [`process ${pid} ${read('cmdline').replaceAll('\0', ' ').slice(0, 120)}`];
    });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
