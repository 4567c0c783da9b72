/** How a node's registry is started, and where its store is. */
import { join } from 'node:path';

import { cacheDir } from '../cache-dir.ts';
import { registryAddress } from './hosts.ts';

export const storeFolder = (env: NodeJS.ProcessEnv): string => join(cacheDir(env), 'images/store');

/** @param options `kubernetes` is what `ensureKubernetes` found. */
export const registryCommand = (options: {
  readonly netns: string;
  readonly kubernetes: string;
}): readonly string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  // One on each node: without it every pull leaves tens of megabytes of read buffers behind.
  '--max-semi-space-size=1',
  join(import.meta.dirname, 'main.ts'),
  `--netns=/run/netns/${options.netns}`,
  `--listen=${registryAddress}`,
  `--store=${storeFolder(process.env)}`,
  `--kubernetes=${options.kubernetes}`,
];
