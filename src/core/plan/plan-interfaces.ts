/** Which interfaces a set with pods has, and which it is to get. */
import type { Action, CreateInterface } from './action.ts';
import { chooseSubnet } from './choose-subnet.ts';
import { createInterface } from './create-interface.ts';
import { recordedSet, setGeneration, spentBy } from './generation.ts';
import { chooseNeeded } from './choose-needed.ts';
import { isLoose, isOn, isOurs, podAddressesPerInterface, servedSet } from './observed.ts';
import type { PlacedSet } from './place-pods.ts';
import type { NodeSnapshot, ObservedInterface } from './snapshot.ts';
import type { SubnetBudget } from './subnet-budget.ts';
import { INITIAL_ADDRESSES } from './targets.ts';

/** What the sets of one plan compete for; whoever plans takes from it. */
export interface Resources {
  /** Device indexes that nothing is attached at, lowest first. */
  readonly freeIndexes: number[];
  readonly budget: SubnetBudget;
}

export interface SetInput {
  readonly snapshot: NodeSnapshot;
  readonly set: PlacedSet;
  /** The subnet of the node's own interface. */
  readonly home: string;
  readonly resources: Resources;
}

export interface InterfacePlan {
  /** Attached ones that the set needs. */
  readonly attached: readonly ObservedInterface[];
  /** Those that are there and about to be attached. */
  readonly attaching: readonly ObservedInterface[];
  /** How many are to be made. */
  readonly creations: number;
  readonly actions: readonly Action[];
  /** It would take another one, had the instance a slot for it. */
  readonly lacksSlot: boolean;
  /** See `setGeneration`. */
  readonly spent: number;
}

export function planInterfaces(input: SetInput): InterfacePlan {
  const { snapshot, set, resources } = input;
  const { instance, record, limits } = snapshot;
  const { key, pods } = set;
  const ours = snapshot.interfaces.filter((seen) => isOurs(seen, instance.id) && servedSet(seen) === key);
  const attached = chooseNeeded(
    input,
    ours.filter((seen) => isOn(seen, instance.id)),
  );
  const loose = ours.filter(isLoose).sort((a, b) => (a.id < b.id ? -1 : 1));

  const needed = Math.max(1, Math.ceil(pods.length / Math.max(1, podAddressesPerInterface(limits))));
  const missing = Math.max(0, needed - attached.length);
  const attaching: ObservedInterface[] = [];
  const actions: Action[] = [];
  for (const seen of loose.slice(0, missing)) {
    const deviceIndex = resources.freeIndexes.shift();
    if (deviceIndex === undefined) break;
    attaching.push(seen);
    const what = { interface: seen.id, instance: instance.id, deviceIndex, card: 0 };
    actions.push({ kind: 'attach-interface', pool: key, ...what, reason: `${pods.length} pods of set ${key}` });
  }
  // One for which there is no slot may have one soon; more of them only take addresses from the subnet.
  const isLone = attached.length + attaching.length === 0;
  const going = loose.slice(Math.max(attaching.length, isLone ? Math.min(missing, 1) : 0));
  for (const { id } of going) {
    const reason = `set ${key} needs no further one, or there is no slot for it`;
    actions.push({ kind: 'delete-interface', pool: key, interface: id, reason });
  }
  const spent = spentBy(going);
  const generation = setGeneration(record, { key, interfaces: attached.map(({ id }) => id), spent });
  const creations = planCreations(input, {
    missing: missing - loose.length,
    present: attached.length + loose.length,
    generation,
  });
  // The set's generation stands in the record before it is spent: a successor asks with the same tokens.
  if (recordedSet(record, key)?.generation === generation) actions.push(...creations);
  const lacksSlot = missing > attaching.length + creations.length && resources.freeIndexes.length === 0;
  return { attached, attaching, creations: creations.length, actions, lacksSlot, spent };
}

interface Wanted {
  readonly missing: number;
  /** How many the set has, attached or not. */
  readonly present: number;
  readonly generation: number;
}

function planCreations({ snapshot, set, home, resources }: SetInput, { missing, present, generation }: Wanted) {
  const { freeIndexes, budget } = resources;
  const perInterface = podAddressesPerInterface(snapshot.limits);
  const creations: CreateInterface[] = [];
  // Where others serve pods, the pods of a set run already, and their interface is there.
  if (perInterface === 0 || snapshot.mode !== 'shared') return creations;
  while (creations.length < missing && freeIndexes.length > 0) {
    const subnet = chooseSubnet(snapshot, { home, needed: 2, budget })?.id;
    if (subnet === undefined) break;
    const secondaryAddresses = Math.min(INITIAL_ADDRESSES, perInterface, budget.free(subnet) - 1);
    const recordUid = snapshot.record?.uid ?? '';
    const ordinal = present + creations.length;
    creations.push(createInterface({ snapshot, set, recordUid, generation, subnet, secondaryAddresses, ordinal }));
    freeIndexes.shift();
    budget.spend(subnet, 1 + secondaryAddresses);
  }
  return creations;
}
