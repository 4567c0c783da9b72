/** What a watcher of a fake namespace is told, by comparing it with what it was. */
import { formatIp } from '../../core/address/ip.ts';
import { formatPrefix, isPrefix4 } from '../../core/address/prefix.ts';
import type { NetEvent } from '../port.ts';
import { type FakeLink, type FakeNetns, linkOf, printRule } from './fake-netns.ts';

export type FakeSnapshot = Pick<FakeNetns, 'links' | 'addresses' | 'routes' | 'rules' | 'tables'>;
export const snapshotOf = ({ links, addresses, routes, rules, tables }: FakeNetns): FakeSnapshot => ({
  links,
  addresses,
  routes,
  rules,
  tables,
});

export function eventsBetween(before: FakeSnapshot, after: FakeSnapshot): readonly NetEvent[] {
  const isUp = (name: string): boolean => after.links.some((link) => link.name === name && link.up);
  return [
    ...differences({ before: before.links, after: after.links, key: ({ index }) => String(index) }).map(
      ([change, link]: Difference<FakeLink>): NetEvent => ({ subject: 'link', change, link: linkOf(link) }),
    ),
    ...differences({
      before: before.addresses,
      after: after.addresses,
      key: ({ link, address, length }) => `${link} ${formatIp(address)}/${length}`,
    }).map(([change, { address, length }]): NetEvent => ({ subject: 'address', change, address, length })),
    ...differences({
      before: before.routes,
      after: after.routes,
      key: ({ table, destination }) => `${table} ${formatPrefix(destination)}`,
    })
      // As the kernel, which is silent about IPv4 routes that go with their link.
      .filter(
        ([change, { link, destination }]) =>
          change === 'set' || link === undefined || isUp(link) || !isPrefix4(destination),
      )
      .map(([change, { destination, table }]): NetEvent => ({ subject: 'route', change, destination, table })),
    ...differences({ before: before.rules, after: after.rules, key: printRule }).map(([change, rule]): NetEvent => ({
      subject: 'rule',
      change,
      rule,
    })),
    ...differences({
      // Those of other families have theirs before their name.
      before: [...before.tables.keys()].filter((name) => !name.includes(' ')),
      after: [...after.tables.keys()].filter((name) => !name.includes(' ')),
      key: (name) => name,
    }).map(([change, name]): NetEvent => ({ subject: 'table', change, name })),
  ];
}

type Difference<T> = readonly ['set' | 'gone', T];

function differences<T>(lists: {
  readonly before: readonly T[];
  readonly after: readonly T[];
  readonly key: (item: T) => string;
}): readonly Difference<T>[] {
  const { before, after, key } = lists;
  const left = new Set(after.map(key));
  const known = new Set(before);
  return [
    ...before.filter((item) => !left.has(key(item))).map((item) => ['gone', item] as const),
    ...after.filter((item) => !known.has(item)).map((item) => ['set', item] as const),
  ];
}
