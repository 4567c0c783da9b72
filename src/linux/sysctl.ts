/** Writes under /proc/sys/net, which shows every reader the values of its own network namespace. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fileError, type OpenNetns } from './netns/open-netns.ts';
import { within } from './netns/within.ts';

export interface SysctlWrite {
  /** A view of /proc/sys that may be written; a bind mount elsewhere follows the namespace in the same way. */
  readonly root: string;
  readonly key: string;
  readonly value: string;
}

export function writeSysctl(netns: OpenNetns, { root, key, value }: SysctlWrite): void {
  try {
    within(netns, () => writeFileSync(join(root, key), value, { flag: 'r+' }));
  } catch (error) {
    throw fileError(error, 'sysctl', `${key}=${value}`);
  }
}
