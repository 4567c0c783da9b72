/** Which of the interfaces that a set has attached it needs: a set that has shrunk lets the others go. */
import { podAddressCount } from './fill.ts';
import { holds, podAddressesPerInterface } from './observed.ts';
import type { SetInput } from './plan-interfaces.ts';
import type { ObservedInterface } from './snapshot.ts';

/** Those that hold pods, and of the others as many as the rest of the pods takes; one at least. */
export function chooseNeeded(
  { snapshot, set, resources }: Pick<SetInput, 'snapshot' | 'set' | 'resources'>,
  attached: readonly ObservedInterface[],
): readonly ObservedInterface[] {
  const perInterface = podAddressesPerInterface(snapshot.limits);
  const used = snapshot.pods.flatMap(({ address }) => (address === undefined ? [] : [address]));
  const isHolding = new Set(attached.filter((seen) => used.some((each) => holds(seen, each))).map(({ id }) => id));
  // What a full subnet does not give counts as little as what the instance does not take.
  const room = (seen: ObservedInterface): number => {
    const present = podAddressCount(seen);
    return Math.max(present, Math.min(perInterface, present + resources.budget.free(seen.subnet)));
  };
  const needed: ObservedInterface[] = [];
  let places = 0;
  const order = [...attached].sort(
    (a, b) =>
      Number(isHolding.has(b.id)) - Number(isHolding.has(a.id)) ||
      podAddressCount(b) - podAddressCount(a) ||
      (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0),
  );
  for (const seen of order) {
    if (!isHolding.has(seen.id) && needed.length > 0 && places >= set.pods.length) continue;
    needed.push(seen);
    places += room(seen);
  }
  return needed;
}
