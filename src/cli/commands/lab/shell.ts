/** `branchline lab shell`: a shell where a node's programs run. */
import { spawn } from 'node:child_process';

import type { Command } from 'commander';

import { findInstance } from '../../../lab/control/names.ts';
import type { Output } from '../../output.ts';
import { askLab, verb, verbOptions } from './common.ts';

export function shellCommand(output: Output): Command {
  return verb('shell', 'a shell on a node, in its network, its mounts and its hostname')
    .argument('<node>', 'a node’s name, `node-1`, or its instance id; `control-plane` is one too')
    .argument('[command...]', 'after `--`: run this instead of a shell; its exit status is ours')
    .addHelpText(
      'after',
      `
Examples:
  npm run lab -- shell node-1
  npm run lab -- shell node-1 -- ip route
  npm run lab -- shell node-1 -- nft list table inet branchline
  npm run lab -- shell node-1 -- ctr --namespace k8s.io containers list`,
    )
    .action(async (node: string, command: readonly string[], _options: unknown, self: Command) => {
      const { instances } = await askLab(verbOptions(self), { verb: 'status' }, output);
      const { enter, title } = findInstance(instances, node);
      const [program = '', ...args] = [...enter, ...(command.length > 0 ? command : interactiveShell(title))];
      process.exitCode = await runThere(program, args);
    });
}

/** The prompt says where one is: everything but network and mounts looks as on the machine. */
const interactiveShell = (title: string): readonly string[] => [
  'env',
  `PS1=${title}:\\w# `,
  '/bin/bash',
  '--norc',
  '--noprofile',
];

function runThere(program: string, args: readonly string[]): Promise<number> {
  // Ctrl-C is for what runs there.
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', cwd: '/' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 128));
  });
}
