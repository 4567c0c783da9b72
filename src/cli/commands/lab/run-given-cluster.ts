/** `branchline lab --kubeconfig FILE`: the check, on a cluster that was not started here. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { CodedError } from '../../../core/errors/coded-error.ts';
import { checkGivenCluster } from '../../../lab/scenarios/given-cluster/run.ts';
import { strictKubectl } from '../../../lab/scenarios/kubectl.ts';
import type { PathResult } from '../../../lab/scenarios/path/run.ts';
import { run } from '../../../lab/supervisor/run.ts';
import type { Output } from '../../output.ts';

export function runGivenCluster(
  kubeconfig: string,
  { signal, output }: { readonly signal: AbortSignal; readonly output: Output },
): Promise<PathResult> {
  const kubectl = findProgram('kubectl');
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  return checkGivenCluster({
    kubectl: strictKubectl((args, { input = '' } = {}) => run(kubectl, args, { input, env, signal })),
    environment: process.env,
    step: output.step,
    say: output.say,
    now: () => performance.now(),
    signal,
  });
}

/** @throws lab-cluster-unfit */
function findProgram(name: string): string {
  const { PATH = '' } = process.env;
  const found = PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram);
  if (found === undefined) throw new CodedError('lab-cluster-unfit', { detail: `${name} is not on the PATH` });
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
