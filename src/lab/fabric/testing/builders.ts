/** Worlds for tests, in few words. */
import { ipv4 } from '../../../core/address/ipv4.ts';
import { ipv6 } from '../../../core/address/ipv6.ts';
import { mac } from '../../../core/address/mac.ts';
import { prefix4, prefix6 } from '../../../core/address/prefix.ts';
import type { RulePeer, SecurityGroup, SecurityGroupRule } from '../../../core/vpc/model.ts';
import type { FabricInterface, FabricWorld } from '../port.ts';

const fromText = {
  addresses: (texts: readonly string[]) => texts.map(ipv4),
  prefixes: (texts: readonly string[]) => texts.map(prefix4),
};

export interface InterfaceText {
  readonly id?: string;
  readonly mac?: string;
  readonly netns?: string;
  readonly deviceIndex?: number;
  readonly subnet?: string;
  readonly addresses?: readonly string[];
  readonly prefixes?: readonly string[];
  readonly groups?: readonly string[];
  readonly addresses6?: readonly string[];
  readonly prefixes6?: readonly string[];
  readonly sourceDestCheck?: boolean;
}

/** `eni-a`, device 0 at 10.0.0.10 in 10.0.0.0/20, without groups. */
export const anInterface = (given: InterfaceText = {}): FabricInterface => ({
  id: given.id ?? 'eni-a',
  mac: mac(given.mac ?? '06:00:00:00:00:0a'),
  netns: given.netns ?? 'a',
  deviceIndex: given.deviceIndex ?? 0,
  subnet: prefix4(given.subnet ?? '10.0.0.0/20'),
  addresses: fromText.addresses(given.addresses ?? ['10.0.0.10']),
  prefixes: fromText.prefixes(given.prefixes ?? []),
  groups: given.groups ?? [],
  sourceDestCheck: given.sourceDestCheck ?? true,
  ...(given.addresses6 !== undefined && { addresses6: given.addresses6.map(ipv6) }),
  ...(given.prefixes6 !== undefined && { prefixes6: given.prefixes6.map(prefix6) }),
});

export const aWorld = (given: Partial<FabricWorld> = {}): FabricWorld => ({
  cidrs: [prefix4('10.0.0.0/16')],
  subnets: [{ cidr: prefix4('10.0.0.0/20') }],
  interfaces: [],
  groups: [],
  prefixLists: {},
  outside: [],
  ...given,
});

export const aGroup = (id: string, rules: readonly SecurityGroupRule[] = []): SecurityGroup => ({
  id,
  vpc: 'vpc-1',
  name: id,
  rules,
});

/** `tcp 80`, `udp 53-60`, `icmp 8/0`, `50` or `all`; the peer is a CIDR, `sg-…` or `pl-…`. */
export function allow(direction: 'ingress' | 'egress', what: string, peer: string): SecurityGroupRule {
  const [name = '', range] = what.split(' ');
  const [from, to = from] = range?.split(/[-/]/).map(Number) ?? [];
  const protocol = name === 'all' ? '-1' : name;
  const id = `sgr-${direction}-${what}-${peer}`;
  return {
    id,
    direction,
    protocol,
    ...(from === undefined ? portsOfAll(protocol) : { fromPort: from, toPort: to ?? from }),
    peer: peerOf(peer),
  };
}

const portsOfAll = (protocol: string) => (protocol === '-1' ? {} : { fromPort: -1, toPort: -1 });

function peerOf(text: string): RulePeer {
  if (text.startsWith('sg-')) return { kind: 'group', group: text };
  return text.startsWith('pl-') ? { kind: 'prefixList', prefixList: text } : { kind: 'cidr', cidr: text };
}
