/**
 * `branchline lab`: a VPC with a Kubernetes cluster on this machine, the sample workloads, and real packets. With a verb
 * it speaks to the lab that runs; each verb is a file of `lab/`.
 */
import { Command, InvalidArgumentError, Option } from 'commander';

import { instanceLimits } from '../../core/limits/instance-limits.ts';
import { proxyModes } from '../../lab/cluster/node/configs.ts';
import type { Output } from '../output.ts';
import { cloudCommand } from './lab/cloud.ts';
import { labName, oneOf } from './lab/common.ts';
import { imagesCommand } from './lab/images.ts';
import { kubeconfigCommand } from './lab/kubeconfig.ts';
import { logsCommand } from './lab/logs.ts';
import { nodeCommand } from './lab/node.ts';
import { partCommand } from './lab/part.ts';
import { reapCommand } from './lab/reap.ts';
import { type RunOptions, runLab } from './lab/run-lab.ts';
import { shellCommand } from './lab/shell.ts';
import { statusCommand } from './lab/status.ts';
import { stopCommand } from './lab/stop.ts';

export function labCommand(output: Output): Command {
  return (
    new Command('lab')
      .description('start a VPC with a Kubernetes cluster on this machine, and show who may talk to whom')
      .option('--once', 'end after the check, with exit status 0 if observed = expected', false)
      .option('--bare', 'neither install Branchline nor check anything: a cluster without a CNI', false)
      .option('--name <name>', 'prefix of everything that the lab makes on this machine', labName, 'lab')
      .addOption(
        new Option('--nodes <types>', 'instance type of each node, comma-separated')
          .argParser(nodeTypes)
          .default(['m5.large', 'm5.large', 'm5.large'], 'm5.large,m5.large,m5.large'),
      )
      .option('--kube-proxy <mode>', proxyModes.join(' or '), oneOf(...proxyModes), 'nftables')
      .option('--latency <profile>', 'how long EC2’s calls take: ec2 or fast', oneOf('ec2', 'fast'), 'ec2')
      .option('--trunks', 'as for an account that EC2 has admitted to trunk interfaces', false)
      .option('--kubeconfig <file>', 'start nothing: run the check on this cluster, which has Branchline')
      .option('--output <format>', 'text or json', oneOf('text', 'json'), 'text')
      // So that a verb can have options of the same names.
      .enablePositionalOptions()
      .allowExcessArguments()
      .action(async (options: RunOptions, command: Command) => {
        const [unknown] = command.args;
        if (unknown === undefined) await runLab(options, output);
        else command.error(`error: lab has no verb “${unknown}”; \`npm run lab -- --help\` shows those that it has`);
      })
      .addCommand(cloudCommand(output))
      .addCommand(imagesCommand(output))
      .addCommand(statusCommand(output))
      .addCommand(kubeconfigCommand(output))
      .addCommand(shellCommand(output))
      .addCommand(logsCommand(output))
      .addCommand(nodeCommand(output))
      .addCommand(partCommand('kill', output))
      .addCommand(partCommand('pause', output))
      .addCommand(partCommand('resume', output))
      .addCommand(partCommand('start', output))
      .addCommand(stopCommand(output))
      .addCommand(reapCommand(output))
  );
}

function nodeTypes(value: string): readonly string[] {
  const types = value.split(',').map((type) => type.trim());
  const unknown = types.find((type) => instanceLimits(type) === undefined);
  if (unknown !== undefined) throw new InvalidArgumentError(`“${unknown}” is no EC2 instance type that is known here`);
  return types;
}
