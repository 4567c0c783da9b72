/** What one set with pods needs: interfaces, and addresses on them. */
import type { Action, SetDeleteOnTermination } from './action.ts';
import { fill, podAddressCount } from './fill.ts';
import { podAddressesPerInterface } from './observed.ts';
import type { PlacedSet, PodProblem } from './place-pods.ts';
import { planInterfaces, type SetInput } from './plan-interfaces.ts';
import { shortage } from './shortage.ts';
import type { ObservedInterface } from './snapshot.ts';
import { SET_WARM_ADDRESSES } from './targets.ts';

export interface SetPlan {
  readonly set: PlacedSet;
  /** Attached ones that it needs, which the record may name. */
  readonly interfaces: readonly ObservedInterface[];
  readonly actions: readonly Action[];
  readonly problems: readonly PodProblem[];
  /** It would take another interface, had the instance a slot for it. */
  readonly lacksSlot: boolean;
  /** See `setGeneration`. */
  readonly spent: number;
}

export function planSet(input: SetInput): SetPlan {
  const { snapshot, set, home, resources } = input;
  const { key, pods } = set;
  const { attached, attaching, creations, actions, lacksSlot, spent } = planInterfaces(input);
  const cooling = snapshot.record?.status?.pools?.find(({ pool }) => pool === key)?.cooling ?? 0;
  const perInterface = podAddressesPerInterface(snapshot.limits);
  const serving = [...attached, ...attaching];
  // Where others serve pods, none will join those that run.
  const warm = snapshot.mode === 'shared' ? cooling + SET_WARM_ADDRESSES : 0;
  const filled = fill({
    pool: key,
    interfaces: serving,
    wanted: pods.length + warm,
    perInterface,
    budget: resources.budget,
    reason: `${pods.length} pods, ${warm} addresses cooling or kept warm`,
  });
  const present = serving.reduce((sum, seen) => sum + podAddressCount(seen), 0);
  // What is made now is filled as soon as it is there.
  const coming = filled.reduce((sum, { count }) => sum + count, 0) + creations * perInterface;
  const interfaces = serving.length + creations;
  return {
    set,
    interfaces: attached,
    actions: [...actions, ...filled, ...attached.flatMap((seen) => flag(seen, key))],
    lacksSlot,
    spent,
    problems: shortage({ snapshot, pods, capacity: present + coming, interfaces, lacksSlot, home }),
  };
}

function flag({ id, attachment: at }: ObservedInterface, pool: string): readonly SetDeleteOnTermination[] {
  if (at === undefined || at.deleteOnTermination) return [];
  const reason = 'it must not outlive its instance';
  return [{ kind: 'set-delete-on-termination', pool, interface: id, attachment: at.id, reason }];
}
