/** What planning does with ranges: take parts out, divide the rest, find room. Nothing here lists addresses. */
import { next } from './ip.ts';
import type { Ipv4 } from './ipv4.ts';
import {
  type Prefix,
  type Prefix4,
  comparePrefixes,
  containsPrefix,
  isPrefix4,
  lastAddress,
  overlaps,
} from './prefix.ts';

/** How long a prefix is that EC2 delegates to an interface. */
export const delegatedLength = (within: Prefix): 28 | 80 => (isPrefix4(within) ? 28 : 80);

/** The fewest prefixes that hold what is in `from` and in none of `taken`, in order. */
export function subtract<P extends Prefix>(from: P, taken: readonly Prefix[]): readonly P[] {
  const inTheWay = taken.filter((each) => overlaps(from, each));
  if (inTheWay.length === 0) return [from];
  if (inTheWay.some((each) => containsPrefix(each, from))) return [];
  return halves(from).flatMap((half) => subtract(half, inTheWay));
}

/** Lower and upper half; the caller has seen that there is a bit left. */
function halves<P extends Prefix>(prefix: P): readonly [P, P] {
  const length = prefix.length + 1;
  const lower = { ...prefix, length };
  return [lower, { ...lower, base: next(lastAddress(lower)) }];
}

/** The parts of a length in order, without materialising the list; none if the prefix is longer itself. */
export function* split<P extends Prefix>(prefix: P, length: number): Generator<P> {
  if (length < prefix.length || length > (isPrefix4(prefix) ? 32 : 128)) return;
  const last = lastAddress(prefix);
  let part: P = { ...prefix, length };
  while (lastAddress(part) < last) {
    yield part;
    part = { ...part, base: next(lastAddress(part)) };
  }
  yield part;
}

/** The lowest part of a length that overlaps nothing taken; undefined when there is no room, though addresses may be free. */
export function firstFree<P extends Prefix>(
  within: P,
  options: { readonly taken: readonly Prefix[]; readonly length: number },
): P | undefined {
  const { taken, length } = options;
  if (length < within.length) return undefined;
  const room = [...subtract(within, taken)].sort(comparePrefixes).find((free) => free.length <= length);
  return room === undefined ? undefined : { ...room, length };
}

/** EC2 keeps the first four addresses of every subnet (network, router, DNS, future use) and the last one. */
export function reservedPrefixes(subnet: Prefix): readonly Prefix[] {
  const full = isPrefix4(subnet) ? 32 : 128;
  return [
    { ...subnet, length: full - 2 },
    { ...subnet, base: lastAddress(subnet), length: full },
  ] as readonly Prefix[];
}

/** The router answers at the base plus one; IPv6 guests use its link-local address, fe80:ec2::1, instead. */
export const routerAddress = (subnet: Prefix4): Ipv4 => (subnet.base + 1) as Ipv4;

/** How many addresses a prefix has, of either family. */
export const addressCount = (prefix: Prefix): bigint => 1n << BigInt((isPrefix4(prefix) ? 32 : 128) - prefix.length);

/** The same addresses without overlaps, in order: what lies within a wider prefix of the list is left out. */
export function disjoint<P extends Prefix>(prefixes: readonly P[]): readonly P[] {
  const kept: P[] = [];
  for (const each of [...prefixes].sort(comparePrefixes)) {
    const last = kept.at(-1);
    if (last === undefined || !containsPrefix(last, each)) kept.push(each);
  }
  return kept;
}
