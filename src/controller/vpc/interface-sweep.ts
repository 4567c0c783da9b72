/** `vpc.sweep-interfaces`: one look at all interfaces of a VPC, shared by the nodes that are due at about the same time. */
import type { Ec2 } from '../../aws/port.ts';
import { ec2Tags } from '../../core/names.ts';
import type { ObservedInterface } from '../../core/plan/snapshot.ts';
import type { Clock } from '../../kube/clock.ts';

export interface Described {
  /** Attached to the instance, or with our tag that names it. */
  readonly interfaces: readonly ObservedInterface[];
  /** When EC2 was asked. */
  readonly atMs: number;
}

export interface InterfaceSweep {
  /** As EC2 showed it within the last {@link SHARED_MS}. Throws ec2-*. */
  of(vpc: string, instance: string): Promise<Described>;
  /** Of the branch interfaces of these ids those that the shared look has shown, if it was made since; asks EC2 nothing. */
  branches(vpc: string, ids: ReadonlySet<string>, sinceMs: number): Promise<Described>;
}

/** Nodes come due one after the other: a look serves all that do within so long. */
export const SHARED_MS = 30_000;

interface Look {
  readonly atMs: number;
  readonly shown: Promise<Shown>;
}

interface Shown {
  readonly byInstance: ReadonlyMap<string, readonly ObservedInterface[]>;
  /** By id. */
  readonly branches: ReadonlyMap<string, ObservedInterface>;
}

export function createInterfaceSweep({
  ec2,
  clock,
}: {
  readonly ec2: Pick<Ec2, 'interfaces'>;
  readonly clock: Clock;
}): InterfaceSweep {
  const looks = new Map<string, Look>();
  const look = (vpc: string): Look => {
    const last = looks.get(vpc);
    if (last !== undefined && clock.now() - last.atMs < SHARED_MS) return last;
    const fresh = { atMs: clock.now(), shown: ec2.interfaces({ vpc }).then(sorted) };
    looks.set(vpc, fresh);
    // Whoever waits for it sees the failure; the next one asks again.
    fresh.shown.catch(() => looks.get(vpc) === fresh && looks.delete(vpc));
    return fresh;
  };
  return {
    async of(vpc, instance) {
      const { atMs, shown } = look(vpc);
      return { atMs, interfaces: (await shown).byInstance.get(instance) ?? [] };
    },
    async branches(vpc, ids, sinceMs) {
      const last = looks.get(vpc);
      const earliestMs = Math.max(sinceMs, clock.now() - SHARED_MS);
      if (last === undefined || last.atMs < earliestMs) return { atMs: sinceMs, interfaces: [] };
      const { branches } = await last.shown;
      return { atMs: last.atMs, interfaces: [...ids].flatMap((id) => branches.get(id) ?? []) };
    },
  };
}

const sorted = (all: readonly ObservedInterface[]): Shown => ({
  byInstance: byInstance(all),
  branches: new Map(all.filter(({ interfaceType }) => interfaceType === 'branch').map((seen) => [seen.id, seen])),
});

function byInstance(all: readonly ObservedInterface[]): ReadonlyMap<string, readonly ObservedInterface[]> {
  const found = new Map<string, ObservedInterface[]>();
  for (const seen of all) {
    for (const instance of new Set([seen.attachment?.instance, seen.tags[ec2Tags.instance]])) {
      if (instance === undefined) continue;
      const own = found.get(instance) ?? [];
      own.push(seen);
      found.set(instance, own);
    }
  }
  return found;
}
