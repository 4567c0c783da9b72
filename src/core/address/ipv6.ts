/** IPv6 addresses as branded 128-bit numbers. */
import { type Parsed, formatIpv4, parseIpv4, refused, type Ipv4 } from './ipv4.ts';

declare const ipv6Brand: unique symbol;
/** An IPv6 address, 0 … 2¹²⁸−1, most significant group first. */
export type Ipv6 = bigint & { readonly [ipv6Brand]: true };

/**
 * Strict RFC 4291 text: groups of one to four hex digits, at most one `::`, at most a dotted IPv4 tail. Zone ids are
 * refused: they mean something on one machine only.
 */
export function parseIpv6(text: string): Parsed<Ipv6> {
  if (text.includes('%')) return refused(`"${text}" has a zone id, which means something on one machine only`);
  if (!text.includes(':')) return refused(`"${text}" has no colon, it is no IPv6 address`);
  const halves = text.split('::');
  if (halves.length > 2) return refused(`"${text}" has "::" more than once`);
  const [head = '', tail] = halves;
  const before = parseGroups(head, { text, mayEndInIpv4: tail === undefined });
  if (!before.ok) return before;
  const after: Parsed<readonly number[]> =
    tail === undefined ? { ok: true, value: [] } : parseGroups(tail, { text, mayEndInIpv4: true });
  if (!after.ok) return after;
  const given = before.value.length + after.value.length;
  if (tail === undefined && given !== 8) return refused(`"${text}" has ${given} groups, an IPv6 address has eight`);
  if (tail !== undefined && given > 7)
    return refused(`"${text}" has ${given} groups beside "::", which stands for at least one`);
  const zeros = Array.from({ length: 8 - given }, () => 0);
  return { ok: true, value: fromGroups([...before.value, ...zeros, ...after.value]) };
}

function parseGroups(
  part: string,
  { text, mayEndInIpv4 }: { text: string; mayEndInIpv4: boolean },
): Parsed<readonly number[]> {
  if (part === '') return { ok: true, value: [] };
  const groups: number[] = [];
  const words = part.split(':');
  for (const [index, word] of words.entries()) {
    if (word.includes('.') && mayEndInIpv4 && index === words.length - 1) {
      const tail = parseIpv4(word);
      if (!tail.ok) return refused(`the IPv4 tail of "${text}" is no address: ${tail.reason}`);
      groups.push(Math.floor(tail.value / 65_536), tail.value % 65_536);
    } else if (/^[0-9a-f]{1,4}$/i.test(word)) {
      groups.push(Number.parseInt(word, 16));
    } else if (word === '') {
      return refused(`"${text}" has an empty group beside a single colon`);
    } else {
      return refused(`"${word}" in "${text}" is not a group of one to four hex digits`);
    }
  }
  return { ok: true, value: groups };
}

const fromGroups = (groups: readonly number[]): Ipv6 =>
  groups.reduce((value, group) => value * 65_536n + BigInt(group), 0n) as Ipv6;

/** For literals and values that were validated at their edge; throws a RangeError otherwise. */
export function ipv6(text: string): Ipv6 {
  const parsed = parseIpv6(text);
  if (!parsed.ok) throw new RangeError(parsed.reason);
  return parsed.value;
}

const groupsOf = (address: Ipv6): readonly number[] =>
  Array.from({ length: 8 }, (_, index) => Number((address >> BigInt(112 - 16 * index)) & 0xffffn));

/**
 * Canonical text (RFC 5952): lower case, no leading zeros, the first of the longest runs of two or more zero groups as
 * `::`, IPv4-mapped addresses with a dotted tail. The same address always prints the same, so texts can be compared.
 */
export function formatIpv6(address: Ipv6): string {
  if (address >> 32n === 0xffffn) return `::ffff:${formatIpv4(Number(address & 0xffff_ffffn) as Ipv4)}`;
  const groups = groupsOf(address);
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}

/** Network order, as the kernel and nftables want it. */
export const ipv6Bytes = (address: Ipv6): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, index) => Number((address >> BigInt(120 - 8 * index)) & 0xffn));
