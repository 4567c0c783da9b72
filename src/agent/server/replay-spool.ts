/** DELs that found no agent, carried out before any new request; see the plugin's `spool`. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { describeError } from '../../core/errors/coded-error.ts';
import { decodeRequest } from '../../cni/frame.ts';
import type { Log } from '../../daemon/log.ts';
import type { RequestHandler } from './handle-request.ts';

export async function replaySpool(folder: string, handle: RequestHandler, log: Log): Promise<void> {
  for (const name of listing(folder)) {
    const path = join(folder, name);
    try {
      const request = decodeRequest(readFileSync(path));
      if (request.environment['CNI_COMMAND'] === 'DEL') await handle(request, new AbortController().signal);
    } catch (error) {
      log.error({ path, error: describeError(error) }, 'dropped a spooled request that cannot be read');
    }
    // A DEL never has to be repeated: what it could not do is left to reconciliation.
    rmSync(path, { force: true });
  }
}

/** Hidden names are still being written. */
function listing(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
