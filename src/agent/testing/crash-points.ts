/** Counts the steps that a process takes in the kernel and in its journal, and kills it before one of them. */
import type { Kernel } from '../../linux/port.ts';
import type { Journal } from '../journal/journal-file.ts';

export interface CrashPoints {
  /** Dies before the `step`-th step from now, which is 1 for the next; 0 disarms. */
  arm(step: number): void;
  step(): void;
  kernel(kernel: Kernel): Kernel;
  journal(journal: Journal): Journal;
}

export function crashPoints(): CrashPoints {
  let left = 0;
  const step = (): void => {
    // The signal is delivered before the call returns: nothing of what follows is carried out.
    if (left > 0 && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
  return {
    arm(next) {
      left = next;
    },
    step,
    kernel: (kernel) => ({
      ...kernel,
      apply(netns, changes) {
        // One by one only when it matters, since a batch may stop anywhere.
        if (left === 0) return kernel.apply(netns, changes);
        for (const change of changes) {
          step();
          kernel.apply(netns, [change]);
        }
      },
      elements(netns, changes) {
        step();
        kernel.elements(netns, changes);
      },
      nft(netns, ruleset) {
        step();
        kernel.nft(netns, ruleset);
      },
      forgetConnections(netns, ...addresses) {
        step();
        return kernel.forgetConnections(netns, ...addresses);
      },
    }),
    journal: (journal) => ({
      state: journal.state,
      append(...entries) {
        step();
        journal.append(...entries);
      },
      close: () => journal.close(),
    }),
  };
}
