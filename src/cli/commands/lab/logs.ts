/** `branchline lab logs`: what a part has written; also of a lab that has failed to start. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Command, InvalidArgumentError } from 'commander';

import { CodedError } from '../../../core/errors/coded-error.ts';
import { callControl } from '../../../lab/control/call-control.ts';
import { findPart } from '../../../lab/control/names.ts';
import { type LabFolders, labFolders } from '../../../lab/folders.ts';
import type { Output } from '../../output.ts';
import { verb, verbOptions } from './common.ts';

interface LogsOptions {
  readonly follow: boolean;
  readonly lines: string;
}

export function logsCommand(output: Output): Command {
  return verb('logs', 'what a part of the lab has written')
    .argument('[part]', '`apiserver`, `kubelet@node-1`, …; without one: which parts have written')
    .option('-f, --follow', 'go on as it writes more', false)
    .option('--lines <count>', 'how many of the last lines, or `all`', lineCount, '100')
    .action(async (part: string | undefined, options: LogsOptions, command: Command) => {
      const { name } = verbOptions(command);
      const folders = labFolders(name);
      if (part === undefined) output.result(logNames(folders).join('\n'));
      else process.exitCode = await tail(await logOf(part, { name, folders }), options);
    });
}

const lineCount = (value: string): string => {
  if (value === 'all') return '+1';
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('a number, or all');
  return value;
};

/** By name from the running lab; of one that has ended by what it left. */
async function logOf(
  part: string,
  { name, folders }: { readonly name: string; readonly folders: LabFolders },
): Promise<string> {
  const path = join(folders.logDir, `${part}.log`);
  if (existsSync(path)) return path;
  const request = { verb: 'status' } as const;
  const { value } = await callControl({ path: folders.control, labName: name, request, tell: () => undefined });
  return findPart(part, value).log;
}

function logNames({ logDir }: LabFolders): readonly string[] {
  const logs = existsSync(logDir) ? readdirSync(logDir).filter((file) => file.endsWith('.log')) : [];
  if (logs.length === 0) throw new CodedError('lab-not-running', { detail: `there are no logs in ${logDir}` });
  return logs.map((file) => file.slice(0, -'.log'.length)).sort();
}

function tail(path: string, { follow, lines }: LogsOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('tail', [`--lines=${lines}`, ...(follow ? ['--follow=name'] : []), path], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 0));
  });
}
