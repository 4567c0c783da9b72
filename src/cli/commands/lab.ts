/** `branchline lab`: a VPC with a Kubernetes cluster on this machine, the sample workloads, and real packets. */
import { join } from 'node:path';

import { Command, InvalidArgumentError } from 'commander';

import { startLab } from '../../lab/lab.ts';
import { runPath } from '../../lab/scenarios/path/run.ts';
import type { Output } from '../output.ts';

interface LabOptions {
  readonly once: boolean;
  readonly name: string;
  readonly output: 'text' | 'json';
  readonly latency: 'fast' | 'ec2';
}

const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (value: string): T => {
    const found = values.find((each) => each === value);
    if (found === undefined) throw new InvalidArgumentError(`it is one of: ${values.join(', ')}`);
    return found;
  };

const labName = (value: string): string => {
  if (!/^[a-z][a-z0-9]{0,7}$/.test(value)) {
    throw new InvalidArgumentError('a lower-case letter, then at most seven letters or digits');
  }
  return value;
};

export function labCommand(output: Output): Command {
  return new Command('lab')
    .description('start a VPC with a Kubernetes cluster on this machine, and show who may talk to whom')
    .option('--once', 'end after the check, with exit status 0 if observed = expected', false)
    .option('--name <name>', 'prefix of everything that the lab makes on this machine', labName, 'lab')
    .option('--latency <profile>', 'how long EC2’s calls take: ec2 or fast', oneOf('ec2', 'fast'), 'ec2')
    .option('--output <format>', 'text or json', oneOf('text', 'json'), 'text')
    .action((options: LabOptions) => runLab(options, output));
}

async function runLab(options: LabOptions, output: Output): Promise<void> {
  const root = join(import.meta.dirname, '../../..');
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());

  const lab = await startLab({
    name: options.name,
    root,
    latency: options.latency,
    signal: stopping.signal,
    step: output.step,
    say: output.say,
    progress: output.progress,
  });
  try {
    const result = await Promise.race([
      runPath({
        kubectl: lab.kubectl,
        client: lab.client,
        ec2: lab.ec2,
        vpc: lab.vpc,
        manifestPath: join(root, 'config/master/aws-k8s-cni.yaml'),
        waitForNodes: lab.waitForNodes,
        step: output.step,
        say: output.say,
        now: () => performance.now(),
      }),
      stopped,
    ]);
    if (result === undefined) return;
    if (options.output === 'json') output.result(JSON.stringify(result, null, 2));
    if (!result.agrees) process.exitCode = 1;
    if (options.once) return;
    output.say(
      [
        '',
        'The lab keeps running; Ctrl-C ends it and takes everything away. In another shell:',
        '  . .lab/env',
        '  kubectl get pods -o wide',
        '  aws ec2 describe-network-interfaces',
        '  ip netns',
      ].join('\n'),
    );
    await stopped;
  } finally {
    await output.step('everything taken away', () => lab.stop());
  }
}
