/** One network namespace of the fake kernel, and how it is written down. */
import { formatIp, type Ip } from '../../core/address/ip.ts';
import type { Mac } from '../../core/address/mac.ts';
import { formatPrefix, type Prefix } from '../../core/address/prefix.ts';
import type { Family, Link, Netns, RuleSpec } from '../port.ts';
import { type FakeTable, printTable } from './fake-table.ts';

export interface FakeLink extends Link {
  /** Of a veth: its other end. */
  readonly peer?: { readonly netns: FakeNetns; readonly index: number };
  readonly vlan?: { readonly trunk: number; readonly id: number };
}
export interface FakeAddress {
  readonly link: string;
  readonly address: Ip;
  readonly length: number;
  readonly prefixRoute: boolean;
}
export interface FakeRoute {
  readonly destination: Prefix;
  readonly table: number;
  /** undefined: a black hole. */
  readonly link: string | undefined;
  readonly gateway: Ip | undefined;
  readonly source: Ip | undefined;
}
export interface FakeNeighbour {
  readonly link: string;
  readonly address: Ip;
  readonly mac: Mac;
}
/** Without what only the fake knows. */
export const linkOf = ({ index, name, mac, mtu, up, kind, group }: FakeLink): Link => ({
  index,
  name,
  mac,
  mtu,
  up,
  kind,
  group,
});
/** A tracked connection: the addresses of both directions. */
export type FakeConnection = readonly Ip[];

export interface FakeNetns extends Netns {
  links: readonly FakeLink[];
  addresses: readonly FakeAddress[];
  routes: readonly FakeRoute[];
  neighbours: readonly FakeNeighbour[];
  rules: readonly RuleSpec<Family>[];
  connections: readonly FakeConnection[];
  readonly sysctls: Map<string, string>;
  /** By name; all are of the family `inet`, or the name says otherwise. */
  tables: ReadonlyMap<string, FakeTable>;
}

export const fakeNetns = (path: string, identity: string): FakeNetns => ({
  path,
  identity,
  close: () => undefined,
  links: [],
  addresses: [],
  routes: [],
  neighbours: [],
  rules: [],
  connections: [],
  sysctls: new Map(),
  tables: new Map(),
});

const by = (word: string, value: string | number | undefined): string =>
  value === undefined ? '' : ` ${word} ${value}`;
const optional = <T>(value: T | undefined, format: (value: T) => string): string | undefined =>
  value === undefined ? undefined : format(value);

export const printRule = ({ family, priority, table, from, to, mark, inputLink }: RuleSpec<Family>): string =>
  [
    `rule ${priority} from ${optional(from, formatPrefix) ?? 'all'}`,
    by('to', optional(to, formatPrefix)),
    by(
      'mark',
      optional(mark, ({ value, mask }) => `${value}/${mask}`),
    ),
    by('iif', inputLink),
    ` table ${table}`,
    family === 'ipv6' ? ' ipv6' : '',
  ].join('');

/** Everything, a line each, sorted: two worlds that print alike are alike. */
export function printNetns(netns: FakeNetns): readonly string[] {
  const lines = [
    ...netns.links.map(
      ({ name, mac, mtu, up, group, peer, vlan }) =>
        `link ${name}${by('mac', mac)} mtu ${mtu} ${up ? 'up' : 'down'}${by('group', group === 0 ? undefined : group)}${by('vlan', vlan?.id)}${by('peer in', peer?.netns.path)}`,
    ),
    ...netns.addresses.map(({ link, address, length }) => `address ${link} ${formatIp(address)}/${length}`),
    ...netns.routes.map(
      ({ table, destination, link, gateway, source }) =>
        `route table ${table} ${formatPrefix(destination)}${by('dev', link)}${by('via', optional(gateway, formatIp))}${by('src', optional(source, formatIp))}`,
    ),
    ...netns.neighbours.map(({ link, address, mac }) => `neighbour ${link} ${formatIp(address)} ${mac}`),
    ...netns.rules.map(printRule),
    ...netns.connections.map((addresses) => `connection ${addresses.map(formatIp).join(' ')}`),
    ...[...netns.sysctls].map(([key, value]) => `sysctl ${key} ${value}`),
    ...[...netns.tables].flatMap(([name, table]) => printTable(name, table)),
  ];
  return [`netns ${netns.path}`, ...lines.sort().map((line) => `  ${line}`)];
}
