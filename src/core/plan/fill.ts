/** How many addresses an interface is to be given. */
import type { AssignAddresses } from './action.ts';
import { takenAddressSlots } from './observed.ts';
import type { ObservedInterface } from './snapshot.ts';
import type { SubnetBudget } from './subnet-budget.ts';

const PREFIX_ADDRESSES = 16;

/** Addresses that pods may have on an interface. */
export const podAddressCount = ({ addresses, prefixes }: ObservedInterface): number =>
  addresses.length + PREFIX_ADDRESSES * prefixes.length;

export interface FillInput {
  readonly pool: string;
  /** In the order in which they are filled. */
  readonly interfaces: readonly ObservedInterface[];
  readonly wanted: number;
  /** Addresses for pods that one interface takes. */
  readonly perInterface: number;
  /** What is asked for is spent. */
  readonly budget: SubnetBudget;
  readonly reason: string;
}

/** Fills one interface after the other; what a full subnet or a full interface cannot give is not asked for. */
export function fill(input: FillInput): readonly AssignAddresses[] {
  const { pool, interfaces, wanted, perInterface, budget, reason } = input;
  let missing = wanted - interfaces.reduce((sum, observed) => sum + podAddressCount(observed), 0);
  const actions: AssignAddresses[] = [];
  for (const observed of interfaces) {
    const count = Math.min(missing, perInterface - takenAddressSlots(observed), budget.free(observed.subnet));
    if (count <= 0) continue;
    actions.push({ kind: 'assign-addresses', pool, interface: observed.id, count, reason });
    budget.spend(observed.subnet, count);
    missing -= count;
  }
  return actions;
}
