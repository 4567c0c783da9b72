/**
 * The baselines: a command forked once for all changes of a namespace, as a plugin made of shell commands would. It is
 * started within the namespace, since `ip -n` and `ip netns exec` would add mounts of their own to what is measured.
 */
import { spawnSync } from 'node:child_process';

import { OpenNetns } from '../../src/linux/netns/open-netns.ts';
import { within } from '../../src/linux/netns/within.ts';
import type { Netns } from '../../src/linux/port.ts';

function forked(netns: Netns, command: readonly [string, ...string[]], input: string): void {
  const [program, ...args] = command;
  const run = () => spawnSync(program, args, { input, encoding: 'utf8' });
  const { status, stderr } = within(OpenNetns.of(netns), run);
  if (status !== 0) throw new Error(`${command.join(' ')} in ${netns.path}: ${stderr}`);
}

export const ipBatch = (netns: Netns, lines: readonly string[]): void =>
  forked(netns, ['ip', '-batch', '-'], `${lines.join('\n')}\n`);
export const nftText = (netns: Netns, text: string): void => forked(netns, ['nft', '-f', '-'], text);
