/** Differences between two snapshots of plain data, of which most is the same although it may be told in new objects. */

/** Old versions of what changed or went, new versions of what changed or came. */
export interface Delta<T> {
  readonly gone: readonly T[];
  readonly come: readonly T[];
}

export const isEmpty = ({ gone, come }: Delta<unknown>): boolean => gone.length === 0 && come.length === 0;

export function delta<T>(before: readonly T[], after: readonly T[], keyOf: (one: T) => string | number): Delta<T> {
  const { start, end } = middle(before, after);
  const left = new Map(before.slice(start, before.length - end).map((one) => [keyOf(one), one]));
  const come: T[] = [];
  for (const one of after.slice(start, after.length - end)) {
    const key = keyOf(one);
    const old = left.get(key);
    if (old !== undefined && same(old, one)) left.delete(key);
    else come.push(one);
  }
  return { gone: [...left.values()], come };
}

/** How much is the same at the start and at the end of both: all but a little, as a rule, and found without a map. */
function middle(
  before: readonly unknown[],
  after: readonly unknown[],
): { readonly start: number; readonly end: number } {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && same(before[start], after[start])) start++;
  let end = 0;
  while (end < shorter - start && same(before[before.length - 1 - end], after[after.length - 1 - end])) end++;
  return { start, end };
}

/** Whether two values of plain data say the same; the order of lists counts. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let at = 0; at < a.length; at++) if (!same(a[at], b[at])) return false;
    return true;
  }
  let count = 0;
  for (const key in a) {
    if (!same(a[key as keyof typeof a], b[key as keyof typeof b])) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}
