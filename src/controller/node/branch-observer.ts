/**
 * The branch interfaces that pods of one node claim, as EC2 shows them: each described once, together with those that
 * come at the same time; then seldom while it serves its pod, and less and less often while it does not.
 */
import type { Ec2 } from '../../aws/port.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import { placeOf } from '../../core/plan/check-branch.ts';
import type { ObservedBranch, ObservedInterface } from '../../core/plan/snapshot.ts';
import type { Log } from '../../daemon/log.ts';
import type { Clock } from '../../kube/clock.ts';
import type { InterfaceSweep } from '../vpc/interface-sweep.ts';
import type { TrunkAssociations } from '../vpc/trunk-associations.ts';
import { OBSERVE_AGAIN_MS, OBSERVE_EVERY_MS } from './observer.ts';

export interface Claimed {
  readonly id: string;
  /** `trunk-assoc-…`, as the annotation says. */
  readonly association?: string;
}

export interface BranchObservation {
  /** Those that EC2 shows. */
  readonly branches: readonly ObservedBranch[];
  /** Of those that EC2 was asked for just now, the trunks. */
  readonly news: readonly string[];
  /** Why EC2 could not be asked; what is said here is older, then. */
  readonly trouble?: CodedError;
}

export interface BranchObserver {
  observe(vpc: string, claimed: readonly Claimed[]): Promise<BranchObservation>;
  /** @returns after how many milliseconds those that serve nobody are due; undefined: there are none. */
  rest(serving: ReadonlySet<string>): number | undefined;
}

export interface BranchObserverOptions {
  readonly ec2: Pick<Ec2, 'interfaces'>;
  readonly sweep: InterfaceSweep;
  readonly associations: TrunkAssociations;
  readonly clock: Clock;
  readonly log: Log;
}

interface Look {
  readonly seen: ObservedBranch | undefined;
  readonly atMs: number;
  /** Looks in a row after which it served nobody, this one included. */
  readonly misses: number;
}

/** Descriptions lag behind by seconds; what is wrong for longer is somebody's mistake. */
const missedForMs = (misses: number): number => Math.min(2000 * 2 ** (misses - 1), 60_000);

export function createBranchObserver(options: BranchObserverOptions): BranchObserver {
  const { ec2, sweep, associations, clock, log } = options;
  const looks = new Map<string, Look>();
  let wanted: ReadonlySet<string> = new Set();
  let serves: ReadonlySet<string> = new Set();
  let trouble: CodedError | undefined;
  let notBeforeMs = 0;

  const dueAtMs = (id: string): number => {
    const look = looks.get(id);
    if (look === undefined) return 0;
    return look.atMs + (serves.has(id) ? OBSERVE_EVERY_MS : missedForMs(look.misses));
  };
  const describe = async (vpc: string, ids: ReadonlySet<string>): Promise<readonly ObservedInterface[]> => {
    const sinceMs = Math.max(...[...ids].map((id) => looks.get(id)?.atMs ?? 0)) + 1;
    const { interfaces } = await sweep.branches(vpc, ids, sinceMs);
    const rest = [...ids].filter((id) => !interfaces.some((seen) => seen.id === id));
    return rest.length === 0 ? interfaces : [...interfaces, ...(await ec2.interfaces({ ids: rest }))];
  };
  const associate = async (seen: readonly ObservedInterface[], claimed: readonly Claimed[]) => {
    const asked = claimed.flatMap(({ id, association }) => {
      const isOpen = looks.get(id)?.seen?.association === undefined && seen.some((each) => each.id === id);
      return association !== undefined && isOpen ? [association] : [];
    });
    const told = await associations(asked);
    // What a pod says of its association proves nothing of another's interface.
    return new Map(told.map(({ branch, trunk, vlan }) => [branch, { trunk, vlan }]));
  };
  const look = async (vpc: string, due: readonly Claimed[]): Promise<readonly string[]> => {
    const atMs = clock.now();
    const seen = await describe(vpc, new Set(due.map(({ id }) => id)));
    const told = await associate(seen, due);
    const trunks: string[] = [];
    for (const { id } of due) {
      const before = looks.get(id);
      const found = seen.find((each) => each.id === id);
      const association = told.get(id) ?? before?.seen?.association;
      const branch = found === undefined || association === undefined ? found : { ...found, association };
      const place = branch === undefined ? undefined : placeOf(branch);
      if (before?.seen === undefined && branch !== undefined) {
        const by = association === undefined ? 'tags' : 'association';
        log.info({ interface: id, type: branch.interfaceType, ...place, by }, 'EC2 shows what a pod claims');
      }
      if (place !== undefined) trunks.push(place.trunk);
      looks.set(id, { seen: branch, atMs, misses: serves.has(id) ? 1 : (before?.misses ?? 0) + 1 });
    }
    return trunks;
  };
  return {
    async observe(vpc, claimed) {
      wanted = new Set(claimed.map(({ id }) => id));
      for (const id of looks.keys()) if (!wanted.has(id)) looks.delete(id);
      const due = clock.now() < notBeforeMs ? [] : claimed.filter(({ id }) => dueAtMs(id) <= clock.now());
      let news: readonly string[] = [];
      try {
        if (due.length > 0) {
          news = await look(vpc, due);
          trouble = undefined;
        }
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        trouble = error;
        notBeforeMs = clock.now() + OBSERVE_AGAIN_MS;
      }
      const branches = [...looks.values()].flatMap(({ seen }) => seen ?? []);
      return { branches, news, ...(trouble === undefined ? {} : { trouble }) };
    },
    rest(serving) {
      serves = serving;
      const waits = [...wanted].filter((id) => !serving.has(id)).map((id) => dueAtMs(id) - clock.now());
      return waits.length === 0 ? undefined : Math.max(0, notBeforeMs - clock.now(), Math.min(...waits));
    },
  };
}
