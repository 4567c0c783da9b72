/** The free addresses of each subnet while one plan is made, so that its actions do not count on the same ones. */
import type { ObservedSubnet } from './snapshot.ts';

export interface SubnetBudget {
  free(subnet: string): number;
  spend(subnet: string, count: number): void;
}

export function subnetBudget(subnets: readonly ObservedSubnet[]): SubnetBudget {
  const left = new Map(subnets.map(({ id, freeAddresses }) => [id, freeAddresses]));
  const free = (subnet: string): number => left.get(subnet) ?? 0;
  return { free, spend: (subnet, count) => void left.set(subnet, free(subnet) - count) };
}
