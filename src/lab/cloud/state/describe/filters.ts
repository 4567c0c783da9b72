/**
 * Filters of the Describe calls: values of one are ORed, filters are ANDed, `*` and `?` are wildcards unless escaped
 * by a backslash, everything is case-sensitive.
 */
import type { Filter } from '@aws-sdk/client-ec2';

import { Ec2Error } from '../ec2-error.ts';
import type { Tags } from '../tables.ts';

type FilterValue = string | number | boolean | undefined;
/** A filter's name and the values that an item has for it; none matches nothing. */
export type FilterTable<T> = Readonly<Record<string, (item: T) => readonly FilterValue[]>>;

export function applyFilters<T extends { readonly tags: Tags }>(
  items: readonly T[],
  filters: readonly Filter[] | undefined,
  table: FilterTable<T>,
): readonly T[] {
  const tests = readFilters(filters, table);
  return tests.length === 0 ? items : items.filter((item) => tests.every((test) => test(item)));
}

export function readFilters<T extends { readonly tags: Tags }>(
  filters: readonly Filter[] | undefined,
  table: FilterTable<T>,
): readonly ((item: T) => boolean)[] {
  if (filters === undefined) return [];
  if (filters.length > 50) throw new Ec2Error('FilterLimitExceeded', 'The maximum number of filters is 50');
  return filters.map(({ Name = '', Values = [] }) => {
    if (Values.length > 200) {
      throw new Ec2Error('FilterLimitExceeded', `The maximum number of filter values is 200: '${Name}'`);
    }
    const valuesOf = valuesFor(Name, table);
    const matches = anyOf(Values);
    return (item) => valuesOf(item).some((value) => value !== undefined && matches(String(value)));
  });
}

function valuesFor<T extends { readonly tags: Tags }>(
  name: string,
  table: FilterTable<T>,
): (item: T) => readonly FilterValue[] {
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return ({ tags }) => (Object.hasOwn(tags, key) ? [tags[key]] : []);
  }
  if (name === 'tag-key') return ({ tags }) => Object.keys(tags);
  const values = Object.hasOwn(table, name) ? table[name] : undefined;
  if (values === undefined) throw new Ec2Error('InvalidParameterValue', `The filter '${name}' is invalid`);
  return values;
}

/** One test for all values of a filter, since it meets every item that there is. */
function anyOf(patterns: readonly string[]): (text: string) => boolean {
  const isWild = (pattern: string): boolean => /[*?\\]/.test(pattern);
  const exact = new Set(patterns.filter((pattern) => !isWild(pattern)));
  const wild = patterns.filter(isWild).map(sourceOf);
  if (wild.length === 0) return (text) => exact.has(text);
  const expression = new RegExp(`^(?:${wild.join('|')})$`);
  return (text) => exact.has(text) || expression.test(text);
}

const sourceOf = (pattern: string): string =>
  pattern.replace(/\\([^])|[^]/g, (found: string, escaped: string | undefined) => {
    if (escaped !== undefined) return quote(escaped);
    if (found === '*') return '[^]*?';
    return found === '?' ? '[^]' : quote(found);
  });

const quote = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
