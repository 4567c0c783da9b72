/** The IPv6 addresses and prefixes that a call asks for, by number or by name: one way a call. */
import type { AddressSpace6 } from './address-space6.ts';
import { mustBeOneWay, readCount } from './read-wishes.ts';

export interface Wish6 {
  readonly addresses: readonly string[] | undefined;
  readonly count: number | undefined;
  readonly prefixes: readonly string[] | undefined;
  readonly prefixCount: number | undefined;
}

export interface Chosen6 {
  readonly addresses6: readonly string[];
  readonly prefixes6: readonly string[];
}

/** Returns whether anything is asked for at all. */
export function mustBeOneWay6(wish: Wish6): boolean {
  const ways = [
    ['ipv6Addresses', (wish.addresses ?? []).length > 0],
    ['ipv6AddressCount', wish.count !== undefined],
    ['ipv6Prefixes', (wish.prefixes ?? []).length > 0],
    ['ipv6PrefixCount', wish.prefixCount !== undefined],
  ] as const;
  mustBeOneWay(ways);
  return ways.some(([, given]) => given);
}

/** How many slots the wish takes on an interface. */
export const slotsWished6 = (wish: Wish6): number =>
  (wish.addresses ?? []).length +
  readCount(wish.count, 'ipv6AddressCount') +
  (wish.prefixes ?? []).length +
  readCount(wish.prefixCount, 'ipv6PrefixCount');

export const chooseAddresses6 = (space: AddressSpace6, wish: Wish6): Chosen6 => ({
  addresses6: [
    ...(wish.addresses ?? []).map((text) => space.take(text)),
    ...space.next(readCount(wish.count, 'ipv6AddressCount')),
  ],
  prefixes6: [
    ...(wish.prefixes ?? []).map((text) => space.takePrefix(text)),
    ...space.nextPrefixes(readCount(wish.prefixCount, 'ipv6PrefixCount')),
  ],
});
