/** Rule texts, by libnftables. Its cost grows with all that the ruleset holds: elements have a way of their own. */
import { errno } from './errno.ts';
import { KernelError } from './errors.ts';
import type { OpenNetns } from './netns/open-netns.ts';
import { within } from './netns/within.ts';

/** Within the namespace, since names of links (`iif "eth0"`) are resolved in that of the calling thread. */
export function runNft(netns: OpenNetns, text: string, operation: string): string {
  const context = netns.nft;
  const { failed, output, errors } = within(netns, () => context.run(text));
  if (!failed) return output;
  throw new KernelError({ errno: errnoOf(errors), operation, object: netns.path, text: brief(errors) });
}

/** libnftables gives no number, only the words of `strerror`. */
function errnoOf(errors: string): number {
  if (errors.includes('No such file or directory')) return errno.ENOENT;
  if (errors.includes('File exists')) return errno.EEXIST;
  return errno.EINVAL;
}

/** nft repeats the line that holds the mistake, and that may hold thousands of elements. */
const brief = (errors: string): string =>
  errors
    .trim()
    .split('\n')
    .slice(0, 6)
    .map((line) => (line.length > 200 ? `${line.slice(0, 200)}…` : line))
    .join('\n');
