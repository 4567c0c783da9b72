/** `branchline lab kubeconfig`: how kubectl reaches the lab's cluster. */
import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import type { Output } from '../../output.ts';
import { askLab, dataVerb, printData, verbOptions } from './common.ts';

export function kubeconfigCommand(output: Output): Command {
  return dataVerb('kubeconfig', 'path of the administrator’s kubeconfig of the running lab')
    .option('--content', 'print the file, not its path', false)
    .addHelpText('after', '\nUse it with: KUBECONFIG=$(npm run --silent lab -- kubeconfig) kubectl get nodes')
    .action(async (options: { readonly content: boolean }, command: Command) => {
      const how = verbOptions(command);
      const { files } = await askLab(how, { verb: 'status' }, output);
      const content = options.content || how.output === 'json' ? readFileSync(files.kubeconfig, 'utf8') : '';
      const text = options.content ? () => content.trimEnd() : () => files.kubeconfig;
      printData({ path: files.kubeconfig, content }, { ...how, text, to: output });
    });
}
