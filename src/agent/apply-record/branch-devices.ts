/**
 * Makes the devices of branches agree with what is wanted. A node may have a hundred, and every pod that comes changes
 * the record: what was settled is left alone as long as its device looks as it did.
 */
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Kernel, Link, NetChange } from '../../linux/port.ts';
import type { LinkReaper } from '../attach/link-reaper.ts';
import { branchLinkName, isBranchLinkName } from '../wire/names.ts';
import { type Branch, branchIdentity, planBranch, planBranchDevice } from '../wire/plan-branches.ts';
import { type AppliedLink, isAsApplied, linksByMac } from './applied.ts';

export interface BranchInput {
  /** One for each VLAN id. */
  readonly branches: readonly Branch[];
  readonly observed: readonly Link[];
  readonly mtu: number;
}

export interface AppliedBranches {
  /** Ids of those that pods may use; those whose trunk has not come are neither here nor refused. */
  readonly ready: readonly string[];
  readonly refused: ReadonlyMap<string, CodedError>;
  readonly links: readonly AppliedLink[];
  readonly changes: readonly NetChange[];
}

export interface BranchDevices {
  /** To be called before the judgement forgets them: devices that nobody has any more carry nothing from then on. */
  retire(input: Pick<BranchInput, 'branches' | 'observed'>): void;
  apply(input: BranchInput): AppliedBranches;
  /** Makes the next application look at everything. */
  audit(): void;
}

export interface BranchDevicesOptions {
  readonly kernel: Kernel;
  readonly reaper: Pick<LinkReaper, 'later' | 'keep'>;
}

export function createBranchDevices({ kernel, reaper }: BranchDevicesOptions): BranchDevices {
  const self = kernel.self();
  /** By the name of the device, what it was settled as. */
  let settled = new Map<string, string>();
  const settle = (branch: Branch, { trunk, mtu }: { readonly trunk: Link; readonly mtu: number }): void => {
    const link = branchLinkName(branch.vlan);
    const wanted = { name: link, mac: branch.mac, mtu };
    const device = kernel.link(self, link);
    const isSettled =
      device !== undefined &&
      settled.get(link) === branchIdentity(branch, { trunk, device }) &&
      isAsApplied(device, wanted);
    if (isSettled) return;
    settled.delete(link);
    kernel.apply(self, planBranchDevice(branch, { trunk, device }));
    const { sysctls, changes } = planBranch(branch, mtu);
    for (const { key, value } of sysctls) kernel.sysctl(self, key, value);
    kernel.apply(self, changes);
    const made = kernel.link(self, link);
    if (made !== undefined) settled.set(link, branchIdentity(branch, { trunk, device: made }));
  };

  return {
    retire({ branches, observed }) {
      const kept = new Set(branches.map(({ vlan }) => branchLinkName(vlan)));
      settled = new Map([...settled].filter(([link]) => kept.has(link)));
      const orphans = observed.map(({ name }) => name).filter((name) => isBranchLinkName(name) && !kept.has(name));
      kernel.apply(
        self,
        orphans.map((link) => ({ op: 'set-link', link, up: false })),
      );
      reaper.later(...orphans);
    },
    apply({ branches, observed, mtu }) {
      const trunks = linksByMac(observed);
      const refused = new Map<string, CodedError>();
      const ready: Branch[] = [];
      for (const branch of branches) {
        const trunk = trunks.get(branch.trunkMac);
        if (trunk === undefined) continue;
        reaper.keep(branchLinkName(branch.vlan));
        try {
          settle(branch, { trunk, mtu });
          ready.push(branch);
        } catch (error) {
          refused.set(branch.id, new CodedError('kernel-refused', { detail: describeError(error), cause: error }));
        }
      }
      return {
        ready: ready.map(({ id }) => id),
        refused,
        links: ready.map(({ vlan, mac }) => ({ name: branchLinkName(vlan), mac, mtu })),
        changes: ready.flatMap((branch) => planBranch(branch, mtu).changes),
      };
    },
    audit: () => settled.clear(),
  };
}
