/** `branchline lab stop`: ends the running lab from another shell. */
import type { Command } from 'commander';

import { callControl } from '../../../lab/control/call-control.ts';
import { labFolders } from '../../../lab/folders.ts';
import type { Output } from '../../output.ts';
import { verb, verbOptions } from './common.ts';

export function stopCommand(output: Output): Command {
  return verb('stop', 'end the running lab and take everything away, as Ctrl-C does where it was started').action(
    async (_options: unknown, command: Command) => {
      const { name } = verbOptions(command);
      const path = labFolders(name).control;
      await output.step(`the lab "${name}" taken away`, async () => {
        const request = { verb: 'stop' } as const;
        const { closed } = await callControl({ path, labName: name, request, tell: output.say });
        await closed;
      });
    },
  );
}
