/** Deletes links on another thread: moved into a group of their own, so that the kernel waits once and not for each. */
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { openNetlink, protocol } from '../netlink/socket.ts';
import type { OpenNetns } from '../netns/open-netns.ts';
import { within } from '../netns/within.ts';
import { deleteLink, setLink } from './link.ts';
import { findLink } from './query.ts';

/** Whatever is in it, even since before a crash, is to be deleted. */
const DOOMED = 0xb1a0_dead;

export async function deleteLinks(netns: OpenNetns, names: readonly string[]): Promise<void> {
  const refused = (number: number, text: string): KernelError =>
    new KernelError({ errno: number, operation: 'delete-links', object: names.join(', '), text });
  const found = names.flatMap((name) => findLink(netns.route, name) ?? []);
  const device = found.find(({ kind }) => kind === undefined);
  // It cannot be deleted, and the whole group would stay with it.
  if (device !== undefined) throw refused(errno.EOPNOTSUPP, `${device.name} is a device`);
  if (found.length === 0) return;
  for (const { index } of found) {
    const { errno: number, text } = netns.route.request(setLink({ index, group: DOOMED }));
    if (number !== 0 && number !== errno.ENODEV) throw refused(number, text);
  }
  // A socket of its own: others go on meanwhile.
  const socket = within(netns, () => openNetlink(protocol.route));
  try {
    const { errno: number, text } = await socket.requestLater(deleteLink({ group: DOOMED }));
    if (number !== 0 && number !== errno.ENODEV) throw refused(number, text);
  } finally {
    socket.close();
  }
}
