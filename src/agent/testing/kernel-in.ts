/** The real kernel, for which a namespace that a test has made plays the node. */
import { openKernel } from '../../linux/kernel.ts';
import type { Kernel } from '../../linux/port.ts';

export function kernelIn(netns: string): Kernel {
  const kernel = openKernel();
  const self = kernel.openNetns(`/run/netns/${netns}`);
  return { ...kernel, self: () => self };
}
