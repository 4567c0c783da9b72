/** Elements of the fabric's sets and verdict maps: what changes when an interface or an address comes or goes. */
import { formatIp } from '../../../core/address/ip.ts';
import { formatPrefix, hostPrefix, type Prefix } from '../../../core/address/prefix.ts';
import type { ElementChange, KeyPart, RangePart, Verdict } from '../../../linux/port.ts';
import { fabricLink, memberSet, TABLE, unionChain, wayChain } from '../names.ts';
import { ownAddresses, router } from '../network/addresses.ts';
import type { FabricInterface, FabricWorld } from '../port.ts';

type Part = KeyPart | Extract<RangePart, { type: 'prefix' }>;

export interface Element {
  readonly set: string;
  readonly key: readonly Part[];
  /** Of the maps from links to chains. */
  readonly verdict?: Verdict;
}

export function interfaceElements(one: FabricInterface): readonly Element[] {
  const { id, groups, subnet, sourceDestCheck, publicAddresses = [] } = one;
  const link = { type: 'ifname', value: fabricLink(id) } as const;
  const mac = { type: 'mac', value: one.mac } as const;
  const own = ownAddresses(one).map((value): Part => ({ type: 'ipv4', value }));
  const own6 = prefixesOf(one).map((value): Part => ({ type: 'prefix', value }));
  return [
    { set: 'egress', key: [link], verdict: { goto: unionChain('egress', groups) } },
    { set: 'ingress', key: [link], verdict: { jump: unionChain('ingress', groups) } },
    { set: 'ways_out', key: [link], verdict: { goto: wayChain('out', subnet) } },
    { set: 'ways_in', key: [link], verdict: { goto: wayChain('in', subnet) } },
    ...(sourceDestCheck
      ? [
          ...own.map((address) => ({ set: 'bearers', key: [link, mac, address] })),
          ...own6.map((address) => ({ set: 'bearers6', key: [link, mac, address] })),
        ]
      : [{ set: 'unchecked', key: [link, mac] }]),
    ...(own6.length === 0 ? [] : [{ set: 'neighbours6', key: [link, mac] }]),
    ...[...new Set(groups)].flatMap((group) => [
      ...own.map((address) => ({ set: memberSet(group, 4), key: [address] })),
      ...own6.map((address) => ({ set: memberSet(group, 6), key: [address] })),
    ]),
    ...publicAddresses.flatMap((pair) => [
      { set: 'published', key: [{ type: 'ipv4', value: pair.address } as const] },
      { set: 'public', key: [{ type: 'ipv4', value: pair.public } as const] },
    ]),
  ];
}

/** A prefix of IPv6 has too many addresses to name each. */
const prefixesOf = ({ addresses6 = [], prefixes6 = [] }: FabricInterface): readonly Prefix[] => [
  ...addresses6.map(hostPrefix),
  ...prefixes6,
];

export const localElements = (world: FabricWorld): readonly Element[] => [
  ...each(
    'routers',
    world.subnets.map(({ cidr }): Part => ({ type: 'ipv4', value: router(cidr) })),
  ),
  ...each(
    'outside',
    world.outside.map((value): Part => ({ type: 'ipv4', value })),
  ),
  ...each(
    'services',
    (world.services ?? []).map((value): Part => ({ type: 'ipv4', value })),
  ),
  ...each(
    'public',
    (world.natGateways ?? []).flatMap(({ publicAddress: value }): readonly Part[] =>
      value === undefined ? [] : [{ type: 'ipv4', value }],
    ),
  ),
  ...each(
    'ranges6',
    (world.cidrs6 ?? []).map((value): Part => ({ type: 'prefix', value })),
  ),
];

const each = (set: string, parts: readonly Part[]): readonly Element[] => parts.map((part) => ({ set, key: [part] }));

export const change = (op: 'add' | 'remove', { set, key, verdict }: Element): ElementChange =>
  op === 'remove'
    ? { op, table: TABLE, set, key }
    : { op, table: TABLE, set, key, ...(verdict === undefined ? {} : { verdict }) };

/** As nft writes it; two elements of one set with the same text are the same. */
export const elementText = ({ key, verdict }: Element): string =>
  key.map(partText).join(' . ') + (verdict === undefined ? '' : ` : ${verdictText(verdict)}`);

const partText = (part: Part): string => {
  if (part.type === 'prefix') return formatPrefix(part.value).replace(/\/128$/, '');
  if (part.type === 'ipv4' || part.type === 'ipv6') return formatIp(part.value);
  return part.type === 'ifname' ? `"${part.value}"` : String(part.value);
};

function verdictText(verdict: Verdict): string {
  if (typeof verdict === 'string') return verdict;
  return 'jump' in verdict ? `jump ${verdict.jump}` : `goto ${verdict.goto}`;
}
