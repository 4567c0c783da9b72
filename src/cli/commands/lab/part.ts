/** `branchline lab kill|pause|resume|start`: what happens to a machine’s programs, on purpose. */
import type { Command } from 'commander';

import type { Output } from '../../output.ts';
import { askLab, dataVerb, printData, verbOptions } from './common.ts';

const verbs = {
  kill: { verb: 'part-kill', does: 'SIGKILL to a part', did: 'is dead; `npm run lab -- start PART` starts it again' },
  pause: {
    verb: 'part-pause',
    does: 'SIGSTOP to a part: it keeps its connections and answers nothing',
    did: 'stands still',
  },
  resume: { verb: 'part-resume', does: 'SIGCONT to a part that was paused', did: 'goes on' },
  start: { verb: 'part-start', does: 'start a part again that is dead', did: 'is started' },
} as const;

const PARTS = `
Parts:
  apiserver, etcd, controller-manager, scheduler   of the control plane
  cloud                                            EC2's API and the instances' metadata; packets go on without it
  kubelet@NODE, containerd@NODE, kube-proxy@NODE   of a node, for example kubelet@node-1
\`npm run lab -- status\` shows them all, with their state.`;

export function partCommand(name: keyof typeof verbs, output: Output): Command {
  const { verb, does, did } = verbs[name];
  return dataVerb(name, does)
    .argument('<part>', 'for example apiserver, or kubelet@node-1')
    .addHelpText('after', PARTS)
    .action(async (part: string, _options: unknown, command: Command) => {
      const options = verbOptions(command);
      const found = await askLab(options, { verb, part }, output);
      printData(found, { ...options, text: () => `${part} ${did.replace('PART', part)}`, to: output });
    });
}
