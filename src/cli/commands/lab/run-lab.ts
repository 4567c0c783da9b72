/** `branchline lab` without a verb: starts the lab, runs the check in it, and holds it until it is ended. */
import { join } from 'node:path';

import type { ProxyMode } from '../../../lab/cluster/node/configs.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { type PathResult, runPath } from '../../../lab/scenarios/path/run.ts';
import type { Output } from '../../output.ts';
import type { VerbOptions } from './common.ts';
import { runGivenCluster } from './run-given-cluster.ts';

export interface RunOptions extends VerbOptions {
  readonly once: boolean;
  readonly bare: boolean;
  readonly nodes: readonly string[];
  readonly kubeProxy: ProxyMode;
  readonly trunks: boolean;
  readonly latency: 'fast' | 'ec2';
  readonly kubeconfig?: string;
}

const root = join(import.meta.dirname, '../../../..');

export async function runLab(options: RunOptions, output: Output): Promise<void> {
  const { step, say, progress } = output;
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const show = (result: PathResult): void => {
    if (options.output === 'json') output.result(JSON.stringify(result, null, 2));
    if (!result.agrees) process.exitCode = 1;
  };
  if (options.kubeconfig !== undefined) {
    show(await runGivenCluster(options.kubeconfig, { signal: stopping.signal, output }));
    return;
  }
  const lab = await startLab({
    name: options.name,
    root,
    latency: options.latency,
    nodeTypes: options.nodes,
    proxyMode: options.kubeProxy,
    trunks: options.trunks,
    signal: stopping.signal,
    onStopAsked: stop,
    step,
    say,
    progress,
  });
  try {
    const result = options.bare ? undefined : await Promise.race([check(lab, output), stopped]);
    if (stopping.signal.aborted) return;
    if (result !== undefined) show(result);
    if (options.once) return;
    say(howToUse(options.name));
    await stopped;
  } finally {
    await step('everything taken away', () => lab.stop());
  }
}

const check = (lab: Lab, output: Output): Promise<PathResult> =>
  runPath({
    ...lab,
    manifestPath: join(root, 'config/master/aws-k8s-cni.yaml'),
    step: output.step,
    say: output.say,
    now: () => performance.now(),
  });

function howToUse(name: string): string {
  const named = name === 'lab' ? '' : ` --name ${name}`;
  return [
    '',
    'The lab keeps running; Ctrl-C ends it and takes everything away. In another shell:',
    '  . .lab/env',
    '  kubectl get pods -o wide',
    '  aws ec2 describe-network-interfaces',
    '  ip netns',
    `  npm run lab -- status${named}`,
    `  npm run lab -- --help`,
  ].join('\n');
}
