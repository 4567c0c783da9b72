/** `branchline lab cloud`: EC2 with real packets and nothing else, for whoever wants to try aws commands on it. */
import { join, resolve } from 'node:path';

import type { Command } from 'commander';

import { startCloudLab } from '../../../lab/cloud-lab.ts';
import { lab } from '../../../lab/names.ts';
import type { Output } from '../../output.ts';
import { oneOf, verb, verbOptions } from './common.ts';

interface CloudOptions {
  readonly latency: 'fast' | 'ec2';
  readonly state?: string;
  readonly iam?: string;
  readonly trunks: boolean;
}

const root = join(import.meta.dirname, '../../../..');

export function cloudCommand(output: Output): Command {
  return verb('cloud', 'start EC2 and its network alone, without Kubernetes, and hold it until Ctrl-C')
    .option('--latency <profile>', 'how long EC2’s calls take: ec2 or fast', oneOf('ec2', 'fast'), 'ec2')
    .option('--state <dir>', 'keep what there is in this folder (default: it goes with the lab)')
    .option('--iam <file>', 'check signatures, and let each access key of this file do what its policy says')
    .option('--trunks', 'as for an account that EC2 has admitted to trunk interfaces', false)
    .addHelpText(
      'after',
      `
Examples, in another shell:
  . .lab/env
  aws ec2 create-vpc --cidr-block 10.0.0.0/16
  npm run lab -- shell i-0123456789abcdef0 -- ping 10.0.0.5`,
    )
    .action((_options: unknown, command: Command) => runCloud(command, output));
}

async function runCloud(command: Command, output: Output): Promise<void> {
  const { name } = verbOptions(command);
  const { latency, state, iam, trunks } = command.opts<CloudOptions>();
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const stopped = new Promise<void>((done) => stopping.signal.addEventListener('abort', () => done()));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const files = Object.entries({ state, iam }).flatMap(([flag, path]) =>
    path === undefined ? [] : [`--${flag}`, resolve(path)],
  );
  const flags = [...files, ...(trunks ? ['--trunks'] : [])];
  const cloud = await output.step('EC2 and its network', () =>
    startCloudLab({ name, root, latency, flags, signal: stopping.signal, onStopAsked: stop, say: output.say }),
  );
  try {
    output.say(howToUse(cloud.endpoint, name));
    output.result(cloud.snippet);
    await stopped;
  } finally {
    await output.step('everything taken away', () => cloud.stop());
  }
}

function howToUse(endpoint: string, name: string): string {
  const named = name === 'lab' ? '' : ` --name ${name}`;
  const host = lab.outsideHost.address;
  return [
    '',
    `EC2 answers at ${endpoint} in region ${lab.region}, and to instances at http://${lab.ec2Outside.address}.`,
    `The one host of the internet is ${host}: http://${host}/ says the address that it sees.`,
    'It keeps running; Ctrl-C ends it and takes everything away. Instances are network namespaces:',
    `  npm run lab -- status${named}`,
    `  npm run lab -- shell${named} INSTANCE`,
    'In another shell, `. .lab/env`, or paste this:',
    '',
  ].join('\n');
}
