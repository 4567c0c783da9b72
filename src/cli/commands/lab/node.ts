/** `branchline lab node …`: nodes come, go and start anew while the lab runs. */
import type { Command } from 'commander';

import type { Output } from '../../output.ts';
import { askLab, dataVerb, printData, verb, verbOptions } from './common.ts';

type NodeVerb = 'node-remove' | 'node-reboot' | 'node-cordon' | 'node-uncordon';

export function nodeCommand(output: Output): Command {
  const ofNode = (name: string, what: { readonly verb: NodeVerb; readonly does: string; readonly did: string }) =>
    dataVerb(name, what.does)
      .argument('<node>', 'a node’s name, `node-1`, or its instance id')
      .action(async (node: string, _options: unknown, command: Command) => {
        const options = verbOptions(command);
        const instance = await askLab(options, { verb: what.verb, node }, output);
        const text = () => `${instance.title} (${instance.name}, ${instance.id}) ${what.did}`;
        printData(instance, { ...options, text, to: output });
      });
  return verb('node', 'add, remove, reboot, cordon and uncordon nodes of the running lab')
    .addCommand(
      dataVerb('add', 'run a new instance and let it join the cluster')
        .argument('<type>', 'an EC2 instance type, for example m5.large')
        .action(async (type: string, _options: unknown, command: Command) => {
          const options = verbOptions(command);
          const node = await askLab(options, { verb: 'node-add', type }, output);
          const text = () => `${node.title} (${node.name}, ${node.id}) is registered; \`kubectl get nodes\` shows it`;
          printData(node, { ...options, text, to: output });
        }),
    )
    .addCommand(
      ofNode('remove', {
        verb: 'node-remove',
        does: 'terminate the node’s instance in EC2 and delete its Node object; what runs on it ends at once (to move its pods first: kubectl drain)',
        did: 'is gone',
      }),
    )
    .addCommand(
      ofNode('reboot', {
        verb: 'node-reboot',
        does: 'end all that runs on the node, as a power cut does, and start it again with its disk',
        did: 'has started again',
      }),
    )
    .addCommand(
      ofNode('cordon', { verb: 'node-cordon', does: 'let no new pods come to the node', did: 'takes no new pods' }),
    )
    .addCommand(
      ofNode('uncordon', { verb: 'node-uncordon', does: 'let new pods come to it again', did: 'takes pods' }),
    );
}
