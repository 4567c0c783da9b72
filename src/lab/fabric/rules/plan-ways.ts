/**
 * Route tables as chains, one a subnet for packets that leave the VPC and one for those that begin a connection into
 * it; and who is who on the other side of the gateways. Pure.
 */
import { formatIpv4 } from '../../../core/address/ipv4.ts';
import { containsPrefix, formatPrefix, isPrefix4, type Prefix, type Prefix4 } from '../../../core/address/prefix.ts';
import type { Route } from '../../../core/vpc/model.ts';
import { delta, isEmpty, same } from '../delta.ts';
import { TABLE, wayChain } from '../names.ts';
import type { FabricSubnet, FabricWorld } from '../port.ts';
import type { WorldChange } from '../world-change.ts';
import { type Lines, rulesInto } from './plan-groups.ts';

export function planWays(change: WorldChange): Lines {
  const { gone, come } = delta(waysOf(change, change.before), waysOf(change, change.after), ({ chain }) => chain);
  const old = new Set(gone.map(({ chain }) => chain));
  const lasting = new Set(come.map(({ chain }) => chain));
  const name = (chain: string): string => `chain inet ${TABLE} ${chain}`;
  const dead = gone.flatMap(({ chain }) => (lasting.has(chain) ? [] : [name(chain)]));
  return {
    prepare: come
      .filter(({ chain }) => !old.has(chain))
      .flatMap(({ chain, rules }) => [`add ${name(chain)}`, ...rulesInto(chain, rules)]),
    settle: [
      ...come
        .filter(({ chain }) => old.has(chain))
        .flatMap(({ chain, rules }) => [`flush ${name(chain)}`, ...rulesInto(chain, rules)]),
      ...planTranslations(change),
    ],
    remove: [...dead.map((chain) => `flush ${chain}`), ...dead.map((chain) => `delete ${chain}`)],
  };
}

interface Way {
  readonly chain: string;
  readonly rules: readonly string[];
}

/** Also of a subnet that only an interface speaks of: there is no way out of it. */
function waysOf({ interfaces }: WorldChange, world: FabricWorld): readonly Way[] {
  const spokenOf = isEmpty(interfaces) ? [] : world.interfaces.map(({ subnet }): FabricSubnet => ({ cidr: subnet }));
  const subnets = new Map([...spokenOf, ...world.subnets].map((subnet) => [formatPrefix(subnet.cidr), subnet]));
  return [...subnets.values()].flatMap((subnet) => [
    {
      chain: wayChain('out', subnet.cidr),
      rules: [...mostSpecificFirst(subnet).flatMap((route) => waysOut(route, world)), 'drop'],
    },
    { chain: wayChain('in', subnet.cidr), rules: [...mostSpecificFirst(subnet).flatMap(waysIn), 'drop'] },
  ]);
}

/** The first rule that matches decides. */
const mostSpecificFirst = ({ routes = [] }: FabricSubnet): readonly Route[] =>
  routes.toSorted((a, b) => b.destination.length - a.destination.length);

const matches = (field: 'saddr' | 'daddr', prefix: Prefix): string => {
  if (prefix.length === 0) return `meta nfproto ${isPrefix4(prefix) ? 'ipv4' : 'ipv6'}`;
  return `${isPrefix4(prefix) ? 'ip' : 'ip6'} ${field} ${formatPrefix(prefix)}`;
};
/** No gateway takes private addresses of IPv6 to the internet. */
const UNIQUE_LOCAL = 'fc00::/7';

/** A NAT gateway leaves its mark, from which `translate_out` tells it; an internet gateway takes any other away. */
function waysOut({ destination, target }: Route, world: FabricWorld): readonly string[] {
  const to = matches('daddr', destination);
  const isSix = !isPrefix4(destination);
  if (isSix && (target.kind === 'internetGateway' || target.kind === 'egressOnlyGateway')) {
    return [`${to} ip6 saddr ${UNIQUE_LOCAL} drop`, `${to} return`];
  }
  if (!isSix && target.kind === 'internetGateway') {
    return [`${to} ip saddr @published meta mark set 0 return`, `${to} drop`];
  }
  if (!isSix && target.kind === 'natGateway') {
    const mark = (world.natGateways ?? []).findIndex(({ id }) => id === target.id) + 1;
    if (mark > 0 && leadsOut(destination, mark, world)) {
      return [`${to} ct direction original meta mark set ${mark} return`, `${to} drop`];
    }
  }
  return [`${to} drop`];
}

function leadsOut(destination: Prefix4, mark: number, { natGateways = [], subnets }: FabricWorld): boolean {
  const gateway = natGateways[mark - 1];
  if (gateway?.publicAddress === undefined) return false;
  const own = subnets.find(({ cidr }) => same(cidr, gateway.subnet));
  const route = own && mostSpecificFirst(own).find((each) => containsPrefix(each.destination, destination));
  return route?.target.kind === 'internetGateway';
}

function waysIn({ destination, target }: Route): readonly string[] {
  const from = matches('saddr', destination);
  if (target.kind !== 'internetGateway') return [`${from} drop`];
  return isPrefix4(destination) ? [`${from} return`] : [`${from} ip6 daddr ${UNIQUE_LOCAL} drop`, `${from} return`];
}

function planTranslations({ before, after, interfaces: { gone, come } }: WorldChange): readonly string[] {
  const isPublished = [...gone, ...come].some(({ publicAddresses = [] }) => publicAddresses.length > 0);
  if (!isPublished && same(before.natGateways, after.natGateways)) return [];
  const pairs = after.interfaces.flatMap(({ publicAddresses = [] }) => publicAddresses);
  const texts = pairs.map((pair) => [formatIpv4(pair.address), formatIpv4(pair.public)] as const);
  return [
    ...fill(
      'to_public',
      texts.map(([inner, outer]) => `${inner} : ${outer}`),
    ),
    ...fill(
      'to_private',
      texts.map(([inner, outer]) => `${outer} : ${inner}`),
    ),
    ...fill(
      'nat_gateways',
      (after.natGateways ?? []).flatMap(({ publicAddress }, at) =>
        publicAddress === undefined ? [] : [`${at + 1} : ${formatIpv4(publicAddress)}`],
      ),
    ),
  ];
}

const fill = (map: string, elements: readonly string[]): readonly string[] => [
  `flush map inet ${TABLE} ${map}`,
  ...(elements.length === 0 ? [] : [`add element inet ${TABLE} ${map} { ${elements.join(', ')} }`]),
];
