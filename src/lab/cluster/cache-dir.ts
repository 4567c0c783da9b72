/** What outlives a lab because making it takes long: of the user, outside every clone. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export function cacheDir(env: NodeJS.ProcessEnv): string {
  const { XDG_CACHE_HOME: base } = env;
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'branchline');
}
