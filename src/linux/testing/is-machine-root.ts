/** Whether root here is root of the machine, who may write where root's files are, and not only of a user namespace. */
import { readFileSync } from 'node:fs';

export const isMachineRoot = (): boolean =>
  process.getuid?.() === 0 && /^\s*0\s+0\s+4294967295$/.test(readFileSync('/proc/self/uid_map', 'utf8').trimEnd());
