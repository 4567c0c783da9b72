/** `branchline lab reap`: takes away what labs have left that were ended the hard way. */
import { join } from 'node:path';

import type { Command } from 'commander';

import { CodedError } from '../../../core/errors/coded-error.ts';
import { type EndedLab, reapEnded } from '../../../lab/hold-lab.ts';
import type { Output } from '../../output.ts';
import { dataVerb, printData, verbOptions } from './common.ts';

export function reapCommand(output: Output): Command {
  return dataVerb(
    'reap',
    'take away what ended labs have left; safe at any time, a lab that runs is left alone',
  ).action(async (_options: unknown, command: Command) => {
    if (process.getuid?.() !== 0) throw new CodedError('lab-needs-root', { detail: 'reap' });
    const found = await reapEnded({ root: join(import.meta.dirname, '../../../..') });
    printData(found, { ...verbOptions(command), text: renderReaped, to: output });
  });
}

function renderReaped(labs: readonly EndedLab[]): string {
  if (labs.length === 0) return 'Nothing is left of any lab.';
  return labs
    .map((lab) =>
      lab.state === 'running'
        ? `lab "${lab.name}": runs (process ${lab.pid}, from ${lab.root}); left alone`
        : `lab "${lab.name}": took away ${lab.killed} processes, ${lab.netns} network namespaces`,
    )
    .join('\n');
}
