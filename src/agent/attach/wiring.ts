/**
 * Makes and takes away one attachment, in one synchronous piece each: journal, rules, link, journal. Whatever line the
 * process dies on, the journal says before the kernel is touched what there may be to take away.
 */
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import { KernelError } from '../../linux/errors.ts';
import type { Kernel, NetChange } from '../../linux/port.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal-file.ts';
import type { Attachment, BranchWay } from '../journal/journal.ts';
import type { JudgementShell } from '../judge/judgement.ts';
import type { Log } from '../../daemon/log.ts';
import type { Forgetter } from './forget-connections.ts';
import type { LinkReaper } from './link-reaper.ts';
import { isHostLinkName } from '../wire/names.ts';
import type { Sysctl } from '../wire/plan-interface.ts';
import { planPod, planPodRemoval } from '../wire/plan-pod.ts';

export interface WiringOptions {
  readonly kernel: Kernel;
  readonly journal: Journal;
  readonly judgement: JudgementShell;
  readonly clock: Clock;
  readonly log: Log;
  /** Asks for the judgement to be rebuilt after a failure in it. */
  readonly requestReconcile: () => void;
  /** Told of a pod that has let go of its branch, by the interface's id. */
  readonly onBranchFree: (id: string, way: BranchWay) => void;
  readonly forgetter: Forgetter;
  readonly reaper: LinkReaper;
}

export interface Wiring {
  /** Throws wiring-failed, with everything rolled back. */
  wire(attachment: Attachment): void;
  /** Never fails: what cannot be taken away now is logged and left to the next reconciliation. */
  release(attachment: Attachment): void;
  /** As release, with the link: for what was never reported as wired. */
  undo(attachment: Attachment): void;
  /** Takes links away that a predecessor released and did not live to delete. */
  sweep(): void;
  /** Whether the link is there, without a dump. */
  isWired(attachment: Attachment): boolean;
}

export function createWiring(options: WiringOptions): Wiring {
  const { kernel, journal, judgement, clock, log, requestReconcile, onBranchFree, forgetter, reaper } = options;
  const self = kernel.self();
  const attempt = (step: string, link: string, action: () => void): void => {
    try {
      action();
    } catch (error) {
      log.warn({ step, link, error: describeError(error) }, 'could not take away');
      requestReconcile();
    }
  };
  const deleteLink = (link: string): void => {
    if (kernel.link(self, link) === undefined) return;
    attempt('link', link, () => kernel.apply(self, [{ op: 'delete-link', link }]));
  };
  const makeLink = (changes: readonly NetChange[], link: string): void => {
    try {
      kernel.apply(self, changes);
    } catch (error) {
      if (!(error instanceof KernelError) || error.errno !== 'EEXIST') throw error;
      // Left by an attempt that failed: rare, so the 19 ms of a deletion do not matter, and to ask each time would.
      deleteLink(link);
      kernel.apply(self, changes);
    }
  };
  const tune = (sysctls: readonly Sysctl[]): void => {
    try {
      for (const { key, value } of sysctls) kernel.sysctl(self, key, value);
    } catch (error) {
      log.warn({ error: describeError(error) }, 'packets of a pod take a lookup more');
    }
  };

  const wiring: Wiring = {
    isWired: (attachment) => kernel.link(self, attachment.hostLink) !== undefined,
    wire(attachment) {
      const { containerId, ifname } = attachment;
      journal.append({ kind: 'reserved', attachment });
      try {
        forgetter.settle(attachment.address);
        reaper.keep(attachment.hostLink);
        judgement.admit(attachment);
        const netns = kernel.openNetns(mounted(attachment.netns));
        try {
          const plan = planPod(attachment, netns);
          makeLink(plan.host, attachment.hostLink);
          kernel.apply(netns, plan.pod);
          tune(plan.sysctls);
        } finally {
          netns.close();
        }
        journal.append({ kind: 'wired', containerId, ifname });
      } catch (error) {
        wiring.undo(attachment);
        requestReconcile();
        throw new CodedError('wiring-failed', { detail: describeError(error), cause: error });
      }
    },
    undo(attachment) {
      // The namespace may live on, and the runtime may try again in it.
      deleteLink(attachment.hostLink);
      wiring.release(attachment);
    },
    release(attachment) {
      const { containerId, ifname, address, interfaceId, hostLink, branch } = attachment;
      attempt('rules', hostLink, () => judgement.dismiss(attachment));
      attempt('routes', hostLink, () => kernel.apply(self, planPodRemoval(attachment)));
      journal.append({ kind: 'released', containerId, ifname, atMs: clock.nowMs() });
      forgetter.forget(address);
      reaper.later(hostLink);
      if (branch !== undefined) onBranchFree(interfaceId, branch);
    },
    sweep() {
      const held = new Set([...journal.state.holdings.values()].map(({ attachment }) => attachment.hostLink));
      const present = kernel.links(self).map(({ name }) => name);
      reaper.later(...present.filter((name) => isHostLinkName(name) && !held.has(name)));
    },
  };
  return wiring;
}

/** Runtimes name the folder by its older path, which the agent's mount does not have. */
const mounted = (netns: string): string => netns.replace(/^\/var\/run\//, '/run/');
