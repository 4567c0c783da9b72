/** What a start of the machine does to its network: a namespace that outlives its programs would keep their traces. */
import { join } from 'node:path';

import { runStrict } from '../../supervisor/run.ts';

/** @param netns of an instance on which nothing runs. */
export async function resetNetwork(netns: string): Promise<void> {
  await runStrict('nsenter', [`--net=/run/netns/${netns}`, '/bin/sh', join(import.meta.dirname, 'reset-network.sh')]);
}
