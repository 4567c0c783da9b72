/** Where an interface for a set is made. */
import type { NodeSnapshot, ObservedSubnet } from './snapshot.ts';
import type { SubnetBudget } from './subnet-budget.ts';

/** Upstream's tag on subnets that pods may use: `1`; subnets in EKS's own tooling bear it as well. */
const POD_SUBNET_TAG = 'kubernetes.io/role/cni';

/**
 * The node's own subnet while it has room, since it is known to have the right way out; else the roomiest subnet of the
 * zone that is tagged for pods. undefined: all are full.
 */
export function chooseSubnet(
  { subnets, instance }: Pick<NodeSnapshot, 'subnets' | 'instance'>,
  { home, needed, budget }: { readonly home: string; readonly needed: number; readonly budget: SubnetBudget },
): ObservedSubnet | undefined {
  const own = subnets.find(({ id }) => id === home);
  if (own !== undefined && budget.free(home) >= needed) return own;
  const [roomiest] = subnets
    .filter(({ id, zone, tags }) => id !== home && zone === instance.zone && tags[POD_SUBNET_TAG] === '1')
    .sort((a, b) => budget.free(b.id) - budget.free(a.id) || (a.id < b.id ? -1 : 1));
  return roomiest !== undefined && budget.free(roomiest.id) >= needed ? roomiest : undefined;
}
