/**
 * A VPC with something of everything, for table tests:
 *
 *   subnet-a  10.0.0.0/20     internet gateway   i-1: node1 (public), plain1, prefix1; web1, web1b; db1
 *                                                i-2: node2; web2; a trunk with the branch db2
 *   subnet-b  10.0.16.0/20    NAT gateway        i-3: node3, plain3 (both families); api3 (two groups), api3 in a prefix, both families
 *   subnet-c  100.64.0.0/20   no way out         i-4: node4; web4
 *   subnet-d  10.0.32.0/20    routes not known   i-5: node5; web5
 *
 * web, db and api have their own groups on interfaces beyond the node's first.
 */
import { type Ip, ip } from '../../address/ip.ts';
import { prefix, prefix4, prefix6 } from '../../address/prefix.ts';
import type { Flow, NetworkInterface, Route, RouteTarget, Subnet, Vpc } from '../model.ts';
import { ruleLine } from './rule-line.ts';

export const places = {
  node1: '10.0.0.10',
  plain1: '10.0.0.11',
  plain1b: '10.0.0.12',
  prefix1: '10.0.0.33',
  web1: '10.0.0.50',
  web1b: '10.0.0.51',
  db1: '10.0.0.60',
  node2: '10.0.0.20',
  plain2: '10.0.0.21',
  web2: '10.0.0.70',
  db2: '10.0.0.80',
  node3: '10.0.16.10',
  plain3: '10.0.16.11',
  plain3v6: '2001:db8:0:b::11',
  api3: '10.0.16.50',
  api3prefix: '10.0.16.70',
  api3v6: '2001:db8:0:b::50',
  api3v6prefix: '2001:db8:0:b:1::7',
  web3v6: '2001:db8:0:b::60',
  node4: '100.64.0.10',
  web4: '100.64.0.50',
  node5: '10.0.32.10',
  web5: '10.0.32.50',
  free: '10.0.0.200',
  nobody: '10.0.0.199',
  reserved: '10.0.0.3',
  router: '10.0.0.1',
  dns: '10.0.0.2',
  metadata: '169.254.169.254',
  metadata6: 'fd00:ec2::254',
  internet: '203.0.113.9',
  internet6: '2600::9',
  office: '192.168.7.9',
  lost: '10.99.0.9',
} as const;

export type Place = keyof typeof places;

/** The rules of each group; a rule's id is `sgr-` + its group's name + its place in the list, from 1. */
export const sampleRules: Readonly<Record<string, readonly string[]>> = {
  'sg-node': ['in all from sg-node', 'out all to 0.0.0.0/0', 'out all to ::/0'],
  'sg-web': ['in tcp 80 from 0.0.0.0/0', 'out all to 0.0.0.0/0', 'out all to ::/0'],
  'sg-db': ['in tcp 5432 from sg-web', 'in icmp 8 from 10.0.0.0/16'],
  'sg-api': ['in tcp 8000-8999 from pl-office', 'in tcp 443 from ::/0', 'in icmpv6 128 from sg-web'],
};

const route = (destination: string, target: RouteTarget): Route => ({ destination: prefix(destination), target });

const subnets: readonly Subnet[] = [
  {
    id: 'subnet-a',
    vpc: 'vpc-1',
    zone: 'a',
    cidr: prefix4('10.0.0.0/20'),
    routes: [
      route('10.0.0.0/16', { kind: 'local' }),
      route('0.0.0.0/0', { kind: 'internetGateway', id: 'igw-1' }),
      route('::/0', { kind: 'internetGateway', id: 'igw-1' }),
    ],
  },
  {
    id: 'subnet-b',
    vpc: 'vpc-1',
    zone: 'b',
    cidr: prefix4('10.0.16.0/20'),
    cidr6: prefix6('2001:db8:0:b::/64'),
    routes: [
      route('0.0.0.0/0', { kind: 'natGateway', id: 'nat-1' }),
      route('192.168.0.0/16', { kind: 'private', id: 'pcx-1' }),
      route('10.99.0.0/16', { kind: 'blackhole' }),
      route('::/0', { kind: 'egressOnlyGateway', id: 'eigw-1' }),
    ],
  },
  { id: 'subnet-c', vpc: 'vpc-1', zone: 'c', cidr: prefix4('100.64.0.0/20'), routes: [] },
  { id: 'subnet-d', vpc: 'vpc-1', zone: 'a', cidr: prefix4('10.0.32.0/20') },
];

interface Sketch {
  readonly at?: readonly [instance: string, deviceIndex: number];
  readonly groups: readonly string[];
  readonly has: readonly Place[];
  readonly more?: Partial<NetworkInterface>;
}

const eni = (id: string, subnet: string, { at, groups, has, more }: Sketch): NetworkInterface => ({
  id,
  subnet,
  groups,
  addresses: has.map((place) => ip(places[place])),
  prefixes: [],
  sourceDestCheck: true,
  ...(at !== undefined && { attachment: { instance: at[0], deviceIndex: at[1] } }),
  ...more,
});

export const sampleInterfaces: readonly NetworkInterface[] = [
  eni('eni-node1', 'subnet-a', {
    at: ['i-1', 0],
    groups: ['sg-node'],
    has: ['node1', 'plain1', 'plain1b'],
    more: { prefixes: [prefix4('10.0.0.32/28')], publicAddresses: { '10.0.0.10': '198.51.100.10' } },
  }),
  eni('eni-web1', 'subnet-a', { at: ['i-1', 1], groups: ['sg-web'], has: ['web1', 'web1b'] }),
  eni('eni-db1', 'subnet-a', { at: ['i-1', 2], groups: ['sg-db'], has: ['db1'] }),
  eni('eni-node2', 'subnet-a', { at: ['i-2', 0], groups: ['sg-node'], has: ['node2', 'plain2'] }),
  eni('eni-web2', 'subnet-a', { at: ['i-2', 1], groups: ['sg-web'], has: ['web2'] }),
  eni('eni-trunk2', 'subnet-a', {
    at: ['i-2', 2],
    groups: ['sg-node'],
    has: [],
    more: { addresses: [ip('10.0.0.90')], purpose: 'trunk' },
  }),
  eni('eni-db2', 'subnet-a', {
    groups: ['sg-db'],
    has: ['db2'],
    more: { purpose: 'branch', trunk: { interface: 'eni-trunk2', vlan: 1 } },
  }),
  eni('eni-node3', 'subnet-b', { at: ['i-3', 0], groups: ['sg-node'], has: ['node3', 'plain3', 'plain3v6'] }),
  eni('eni-api3', 'subnet-b', {
    at: ['i-3', 1],
    groups: ['sg-web', 'sg-api'],
    has: ['api3', 'api3v6'],
    more: { prefixes: [prefix4('10.0.16.64/28'), prefix6('2001:db8:0:b:1::/80')] },
  }),
  eni('eni-web3', 'subnet-b', { at: ['i-3', 2], groups: ['sg-web'], has: ['web3v6'] }),
  eni('eni-node4', 'subnet-c', { at: ['i-4', 0], groups: ['sg-node'], has: ['node4'] }),
  eni('eni-web4', 'subnet-c', { at: ['i-4', 1], groups: ['sg-web'], has: ['web4'] }),
  eni('eni-node5', 'subnet-d', { at: ['i-5', 0], groups: ['sg-node'], has: ['node5'] }),
  eni('eni-web5', 'subnet-d', { at: ['i-5', 1], groups: ['sg-web'], has: ['web5'] }),
  eni('eni-free', 'subnet-a', { groups: ['sg-web'], has: ['free'] }),
];

/** The sample, with other rules for some groups and changes of interfaces where given. */
export function sampleVpc(
  options: {
    readonly rules?: Readonly<Record<string, readonly string[]>>;
    readonly change?: (each: NetworkInterface) => NetworkInterface;
  } = {},
): Vpc {
  const rules = { ...sampleRules, ...options.rules };
  return {
    id: 'vpc-1',
    cidrs: ['10.0.0.0/16', '100.64.0.0/16', '2001:db8::/56'].map(prefix),
    subnets,
    interfaces: sampleInterfaces.map(options.change ?? ((each) => each)),
    groups: Object.entries(rules).map(([id, lines]) => ({
      id,
      vpc: 'vpc-1',
      name: id.replace('sg-', ''),
      rules: lines.map((line, index) => ruleLine(line, `sgr-${id.replace('sg-', '')}${index + 1}`)),
    })),
    prefixLists: { 'pl-office': ['192.168.0.0/16', '2600::/16'].map(prefix) },
  };
}

const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };

/** `web1 → db1 tcp/5432`, `web1 → db1 icmp/8/0`, `web1 → db1 47`. */
export function sampleFlow(text: string): Flow {
  const [, from, to, name, first, second] = /^(\w+) → (\w+) (\w+)(?:\/(\d+))?(?:\/(\d+))?$/.exec(text) ?? [];
  if (from === undefined || to === undefined || name === undefined) throw new Error(`no flow: "${text}"`);
  const protocol = protocols[name] ?? Number(name);
  const flow = { source: placeOf(from), target: placeOf(to), protocol };
  if (first === undefined) return flow;
  return name.startsWith('icmp')
    ? { ...flow, icmp: { type: Number(first), code: Number(second ?? 0) } }
    : { ...flow, port: Number(first) };
}

function placeOf(name: string): Ip {
  if (!Object.hasOwn(places, name)) throw new Error(`no place: "${name}"`);
  return ip(places[name as Place]);
}
