import { describe, expect, it } from 'vitest';

import { ip } from '../address/ip.ts';
import { evaluate, explainVerdict } from './evaluate.ts';
import type { NetworkInterface } from './model.ts';
import { places, sampleFlow, sampleRules, sampleVpc } from './testing/sample-vpc.ts';
import type { Refusal, Verdict } from './verdict.ts';

/** A verdict in a line: who judges, by which rules or ways it passes, or why it does not. */
function summary(verdict: Verdict): string {
  const { judge, passages, way } = verdict;
  if (!verdict.allowed) return `closed: ${verdict.refusals.map(refusalSummary).join(', ')}`;
  const by = [...passages.map(({ rule }) => rule.id), ...(way?.open === true ? [way.by] : [])];
  return by.length === 0 ? `open: ${judge}` : `open: ${judge} by ${by.join(', ')}`;
}

function refusalSummary(refusal: Refusal): string {
  switch (refusal.kind) {
    case 'noRule':
      return `${refusal.side} of ${refusal.interface}`;
    case 'noWay':
      return `${refusal.direction} ${refusal.reason}`;
    case 'noInterface':
    case 'unattached':
      return `${refusal.end} ${refusal.kind}`;
    case 'familiesDiffer':
    case 'neitherInVpc':
      return refusal.kind;
  }
}

interface Case {
  /** EC2's reason. */
  readonly why: string;
  readonly flow: string;
  readonly is: string;
  readonly rules?: Readonly<Record<string, readonly string[]>>;
  readonly change?: (each: NetworkInterface) => NetworkInterface;
}

/** The sample's rules of a group, and more. */
const more = (group: string, ...lines: string[]) => ({ [group]: [...(sampleRules[group] ?? []), ...lines] });
const changed = (id: string, change: Partial<NetworkInterface>) => (each: NetworkInterface) =>
  each.id === id ? { ...each, ...change } : each;

const sections: Readonly<Record<string, readonly Case[]>> = {
  'groups are allow lists': [
    {
      why: 'a rule of each side admits it',
      flow: 'web2 → db1 tcp/5432',
      is: 'open: ec2 by sgr-web2, sgr-db1',
    },
    {
      why: 'what no rule names is dropped: the group does not name this port',
      flow: 'web2 → db1 tcp/22',
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'a new group lets nothing in',
      flow: 'node2 → db1 tcp/22',
      rules: { 'sg-db': ['out all to 0.0.0.0/0'] },
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'a group without egress rules lets nothing out, not even to members of itself',
      flow: 'db1 → db2 tcp/5432',
      rules: more('sg-db', 'in all from sg-db'),
      is: 'closed: egress of eni-db1',
    },
    {
      why: 'both sides are judged, and both can refuse',
      flow: 'db1 → node2 tcp/80',
      is: 'closed: egress of eni-db1, ingress of eni-node2',
    },
    {
      why: 'a rule for the way in is no rule for the way out',
      flow: 'db1 → web2 tcp/80',
      is: 'closed: egress of eni-db1',
    },
    {
      why: 'replies need no rule: the database answers without one, though it may not open the connection',
      flow: 'web2 → db2 tcp/5432',
      rules: { 'sg-db': ['in tcp 5432 from sg-web'], 'sg-web': ['out tcp 5432 to sg-db'] },
      is: 'open: agent by sgr-web1, sgr-db1',
    },
    {
      why: 'an interface without any known group passes nothing',
      flow: 'web2 → db1 tcp/5432',
      change: changed('eni-db1', { groups: ['sg-gone'] }),
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'one known group beside an unknown one is enough',
      flow: 'web2 → db1 tcp/5432',
      change: changed('eni-db1', { groups: ['sg-gone', 'sg-db'] }),
      is: 'open: ec2 by sgr-web2, sgr-db1',
    },
    {
      why: 'the rules of all groups of an interface add up',
      flow: 'internet6 → api3v6 tcp/443',
      rules: { 'sg-web': ['in tcp 80 from 0.0.0.0/0'] },
      change: changed('eni-api3', { subnet: 'subnet-d' }),
      is: 'open: ec2 by sgr-api2, notKnown',
    },
  ],
  peers: [
    {
      why: 'a reference means the interfaces that carry the group, whatever else they carry',
      flow: 'api3 → db1 tcp/5432',
      is: 'open: ec2 by sgr-web2, sgr-db1',
    },
    {
      why: 'a reference covers secondary addresses',
      flow: 'web1b → db2 tcp/5432',
      is: 'open: ec2 by sgr-web2, sgr-db1',
    },
    {
      why: 'a reference covers the addresses of delegated prefixes',
      flow: 'api3prefix → db1 tcp/5432',
      is: 'open: ec2 by sgr-web2, sgr-db1',
    },
    {
      why: 'a reference covers no interface without the group',
      flow: 'plain2 → db1 tcp/5432',
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'a group does not include its own members by nature',
      flow: 'web1 → web2 tcp/22',
      is: 'closed: ingress of eni-web2',
    },
    {
      why: 'members reach each other by a rule that names the group itself',
      flow: 'plain1 → plain2 udp/53',
      is: 'open: ec2 by sgr-node2, sgr-node1',
    },
    {
      why: 'a reference in an egress rule means the target’s interface',
      flow: 'web2 → db1 tcp/5432',
      rules: { 'sg-web': ['out tcp 5432 to sg-db'] },
      is: 'open: ec2 by sgr-web1, sgr-db1',
    },
    {
      why: 'a reference to a group that the target does not carry lets nothing out',
      flow: 'web2 → db1 tcp/5432',
      rules: { 'sg-web': ['out tcp 5432 to sg-api'] },
      is: 'closed: egress of eni-web2',
    },
    {
      why: 'a stale reference, to a group of a peer that is gone, matches nothing',
      flow: 'web2 → db1 tcp/5432',
      rules: { 'sg-db': ['in tcp 5432 from sg-gone'] },
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'a range covers the address, whatever groups its interface carries',
      flow: 'node2 → db1 icmp/8/0',
      is: 'open: ec2 by sgr-node2, sgr-db2',
    },
    {
      why: 'a range ends where it ends',
      flow: 'node4 → db1 icmp/8/0',
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'EC2 canonicalises ranges: bits beyond the length count for nothing',
      flow: 'node2 → db1 tcp/22',
      rules: more('sg-db', 'in tcp 22 from 10.0.9.9/16'),
      is: 'open: ec2 by sgr-node2, sgr-db3',
    },
    {
      why: 'a /32 covers one address',
      flow: 'node2 → db1 tcp/22',
      rules: more('sg-db', 'in tcp 22 from 10.0.0.20/32'),
      is: 'open: ec2 by sgr-node2, sgr-db3',
    },
    {
      why: 'a /32 covers no other address of the same interface',
      flow: 'plain2 → db1 tcp/22',
      rules: more('sg-db', 'in tcp 22 from 10.0.0.20/32'),
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'a prefix list covers what its entries cover',
      flow: 'office → api3 tcp/8080',
      is: 'open: ec2 by sgr-api1, private',
    },
    {
      why: 'a prefix list covers nothing else',
      flow: 'node2 → api3 tcp/8080',
      is: 'closed: ingress of eni-api3',
    },
    {
      why: 'a prefix list that is not known covers nothing',
      flow: 'office → api3 tcp/9000',
      rules: more('sg-api', 'in tcp 9000 from pl-gone'),
      is: 'closed: ingress of eni-api3',
    },
    {
      why: 'a range that cannot be read covers nothing',
      flow: 'node2 → db1 tcp/22',
      rules: more('sg-db', 'in tcp 22 from 10.0.0.0'),
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'references mean private addresses: a member that comes from outside is a stranger',
      flow: 'internet → node1 tcp/22',
      is: 'closed: ingress of eni-node1',
    },
  ],
  'protocols and ports': [
    {
      why: 'the first port of a range belongs to it',
      flow: 'office → api3 tcp/8000',
      is: 'open: ec2 by sgr-api1, private',
    },
    {
      why: 'the last port of a range belongs to it',
      flow: 'office → api3 tcp/8999',
      is: 'open: ec2 by sgr-api1, private',
    },
    {
      why: 'the port after the range does not',
      flow: 'office → api3 tcp/9000',
      is: 'closed: ingress of eni-api3',
    },
    {
      why: 'tcp is not udp',
      flow: 'web2 → db1 udp/5432',
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'a protocol by number is the same as by name',
      flow: 'node2 → db1 udp/53',
      rules: more('sg-db', 'in 17 53 from sg-node'),
      is: 'open: ec2 by sgr-node2, sgr-db3',
    },
    {
      why: 'all of tcp covers every port',
      flow: 'node2 → db1 tcp/65535',
      rules: more('sg-db', 'in tcp from sg-node'),
      is: 'open: ec2 by sgr-node2, sgr-db3',
    },
    {
      why: 'all of tcp covers no icmp',
      flow: 'plain2 → db1 icmp/8/0',
      rules: { 'sg-db': ['in tcp from sg-node'] },
      is: 'closed: ingress of eni-db1',
    },
    {
      why: '-1 covers protocols without a name',
      flow: 'plain1 → plain2 47',
      is: 'open: ec2 by sgr-node2, sgr-node1',
    },
    {
      why: 'a protocol by another number covers it whatever ports are given',
      flow: 'node2 → db1 132',
      rules: more('sg-db', 'in 132 80 from sg-node'),
      is: 'open: ec2 by sgr-node2, sgr-db3',
    },
    {
      why: 'a protocol by another number covers no other',
      flow: 'node2 → db1 50',
      rules: more('sg-db', 'in 132 from sg-node'),
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'echo with any code',
      flow: 'web2 → db1 icmp/8/0',
      is: 'open: ec2 by sgr-web2, sgr-db2',
    },
    {
      why: 'another icmp type has no rule',
      flow: 'web2 → db1 icmp/13/0',
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'type and code both count where both are given',
      flow: 'web2 → db1 icmp/3/1',
      rules: { 'sg-db': ['in icmp 3/4 from sg-web'] },
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'type −1 is every type',
      flow: 'web2 → db1 icmp/13/0',
      rules: { 'sg-db': ['in icmp from sg-web'] },
      is: 'open: ec2 by sgr-web2, sgr-db1',
    },
    {
      why: 'icmp is not icmpv6',
      flow: 'web3v6 → api3v6 icmpv6/128/0',
      rules: { 'sg-api': ['in icmp from sg-web'] },
      is: 'closed: ingress of eni-api3',
    },
    {
      why: 'icmpv6 has types of its own',
      flow: 'web3v6 → api3v6 icmpv6/129/0',
      is: 'closed: ingress of eni-api3',
    },
  ],
  IPv6: [
    {
      why: 'references cover IPv6 addresses, too',
      flow: 'web3v6 → api3v6 icmpv6/128/0',
      is: 'open: agent by sgr-web3, sgr-api3',
    },
    {
      why: 'and the addresses of /80 prefixes',
      flow: 'web3v6 → api3v6prefix icmpv6/128/0',
      is: 'open: agent by sgr-web3, sgr-api3',
    },
    {
      why: '0.0.0.0/0 never admits IPv6',
      flow: 'web3v6 → api3v6 tcp/80',
      is: 'closed: ingress of eni-api3',
    },
    {
      why: '::/0 never admits IPv4',
      flow: 'node2 → api3 tcp/443',
      is: 'closed: ingress of eni-api3',
    },
    {
      why: 'the families do not meet',
      flow: 'web2 → api3v6 tcp/443',
      is: 'closed: familiesDiffer',
    },
    {
      why: 'an egress-only gateway lets out',
      flow: 'api3v6 → internet6 tcp/443',
      is: 'open: ec2 by sgr-web3, egressOnlyGateway',
    },
    {
      why: 'and never in',
      flow: 'internet6 → api3v6 tcp/443',
      is: 'closed: in outwardsOnly',
    },
  ],
  'one instance': [
    {
      why: 'what EC2 never sees the agent judges by the same rules: open',
      flow: 'web1 → db1 tcp/5432',
      is: 'open: agent by sgr-web2, sgr-db1',
    },
    {
      why: 'what EC2 never sees the agent judges by the same rules: closed',
      flow: 'plain1 → db1 tcp/5432',
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'two pods of one interface are judged as if they had one each: a group does not include its members',
      flow: 'web1 → web1b tcp/22',
      is: 'closed: ingress of eni-web1',
    },
    {
      why: 'two pods of one interface are judged as if they had one each: the rule admits it',
      flow: 'web1 → web1b tcp/80',
      is: 'open: agent by sgr-web2, sgr-web1',
    },
    {
      why: 'where neither has groups of its own nothing judges: EC2 has no part in it',
      flow: 'plain1 → plain1b tcp/22',
      rules: { 'sg-node': [] },
      is: 'open: nobody',
    },
    {
      why: 'that holds between an address and a prefix of the interface, too',
      flow: 'plain1 → prefix1 tcp/22',
      rules: { 'sg-node': [] },
      is: 'open: nobody',
    },
    {
      why: 'a trunk is the node’s own, whatever carries it',
      flow: 'plain2 → node2 tcp/22',
      rules: { 'sg-node': [] },
      is: 'open: nobody',
    },
    {
      why: 'a branch interface is where its trunk is',
      flow: 'web2 → db2 tcp/5432',
      is: 'open: agent by sgr-web2, sgr-db1',
    },
    {
      why: 'a branch interface has groups of its own, whatever its neighbour has',
      flow: 'plain2 → db2 tcp/5432',
      is: 'closed: ingress of eni-db2',
    },
    {
      why: 'a branch interface is reached from elsewhere as any other',
      flow: 'web1 → db2 tcp/5432',
      is: 'open: ec2 by sgr-web2, sgr-db1',
    },
    {
      why: 'a pod that asks for the node’s very groups is judged by them',
      flow: 'web1 → plain1 tcp/22',
      change: changed('eni-web1', { groups: ['sg-node'], purpose: 'groups' }),
      rules: { 'sg-node': ['out all to 0.0.0.0/0'] },
      is: 'closed: ingress of eni-node1',
    },
    {
      why: 'an address reaches itself',
      flow: 'db1 → db1 tcp/22',
      is: 'open: nobody',
    },
  ],
  'the node as an end': [
    {
      why: 'the node counts as the node’s groups: it may not reach the pod',
      flow: 'node1 → db1 tcp/5432',
      is: 'closed: ingress of eni-db1',
    },
    {
      why: 'the node counts as the node’s groups: a rule that names them admits it',
      flow: 'node1 → db1 tcp/5432',
      rules: more('sg-db', 'in tcp 5432 from sg-node'),
      is: 'open: agent by sgr-node2, sgr-db3',
    },
    {
      why: 'a pod reaches the node as the node’s groups let it',
      flow: 'web1 → node1 tcp/10250',
      is: 'closed: ingress of eni-node1',
    },
    {
      why: 'another node is judged by EC2',
      flow: 'node2 → db1 tcp/5432',
      is: 'closed: ingress of eni-db1',
    },
  ],
  'what groups do not filter': [
    {
      why: 'DNS of the VPC',
      flow: 'db1 → dns udp/53',
      is: 'open: nobody',
    },
    {
      why: 'instance metadata',
      flow: 'db1 → metadata tcp/80',
      is: 'open: nobody',
    },
    {
      why: 'instance metadata by IPv6',
      flow: 'api3v6 → metadata6 tcp/80',
      rules: { 'sg-web': [], 'sg-api': [] },
      is: 'open: nobody',
    },
    {
      why: 'the router of a subnet',
      flow: 'db1 → router icmp/8/0',
      is: 'open: nobody',
    },
  ],
  'nobody there': [
    {
      why: 'no interface has the address',
      flow: 'web1 → nobody tcp/80',
      is: 'closed: target noInterface',
    },
    {
      why: 'a frame from an address that its interface does not have is dropped',
      flow: 'nobody → web1 tcp/80',
      is: 'closed: source noInterface',
    },
    {
      why: 'EC2 keeps this address of the subnet for itself and answers nothing there',
      flow: 'web1 → reserved tcp/80',
      is: 'closed: target noInterface',
    },
    {
      why: 'an interface that is attached to nothing passes nothing',
      flow: 'web1 → free tcp/80',
      is: 'closed: target unattached',
    },
    {
      why: 'a branch whose trunk is attached to nothing passes nothing',
      flow: 'web1 → db2 tcp/5432',
      change: (each) => {
        if (each.id !== 'eni-trunk2') return each;
        const { attachment: _attachment, ...unattached } = each;
        return unattached;
      },
      is: 'closed: target unattached',
    },
    {
      why: 'it is a flow of another network',
      flow: 'internet → office tcp/80',
      is: 'closed: neitherInVpc',
    },
  ],
  'leaving and entering the VPC': [
    {
      why: 'a plain pod leaves as its node, whose address the internet gateway translates',
      flow: 'plain1 → internet tcp/443',
      is: 'open: ec2 by sgr-node2, internetGateway',
    },
    {
      why: 'the node has no public address for the internet gateway to translate to',
      flow: 'plain2 → internet tcp/443',
      is: 'closed: out noPublicAddress',
    },
    {
      why: 'a pod with groups leaves as itself, and its address has no public one',
      flow: 'web1 → internet tcp/443',
      is: 'closed: out noPublicAddress',
    },
    {
      why: 'with a public address of its own it gets out',
      flow: 'web1 → internet tcp/443',
      change: changed('eni-web1', { publicAddresses: { '10.0.0.50': '198.51.100.50' } }),
      is: 'open: ec2 by sgr-web2, internetGateway',
    },
    {
      why: 'the public address of one address is not that of another',
      flow: 'web1b → internet tcp/443',
      change: changed('eni-web1', { publicAddresses: { '10.0.0.50': '198.51.100.50' } }),
      is: 'closed: out noPublicAddress',
    },
    {
      why: 'a NAT gateway translates whatever comes',
      flow: 'api3 → internet tcp/443',
      is: 'open: ec2 by sgr-web2, natGateway',
    },
    {
      why: 'the groups are asked before any gateway',
      flow: 'api3 → internet tcp/443',
      rules: { 'sg-web': ['out tcp 80 to 0.0.0.0/0'] },
      is: 'closed: egress of eni-api3',
    },
    {
      why: 'the most specific route wins: the peering, not the NAT gateway',
      flow: 'api3 → office tcp/443',
      is: 'open: ec2 by sgr-web2, private',
    },
    {
      why: 'a route whose target is gone still wins, and drops',
      flow: 'api3 → lost tcp/443',
      is: 'closed: out blackhole',
    },
    {
      why: 'without a route there is no way',
      flow: 'web4 → internet tcp/443',
      is: 'closed: out noRoute',
    },
    {
      why: 'where the routes are not known, the groups alone decide',
      flow: 'web5 → internet tcp/443',
      is: 'open: ec2 by sgr-web2, notKnown',
    },
    {
      why: 'rules and way are both named when both refuse',
      flow: 'db1 → internet tcp/443',
      is: 'closed: egress of eni-db1, out noPublicAddress',
    },
    {
      why: 'from outside a public address is reached through the internet gateway',
      flow: 'internet → node1 tcp/22',
      rules: more('sg-node', 'in tcp 22 from 203.0.113.0/24'),
      is: 'open: ec2 by sgr-node4, internetGateway',
    },
    {
      why: 'no connection comes in by a NAT gateway',
      flow: 'internet → api3 tcp/80',
      is: 'closed: in outwardsOnly',
    },
  ],
  'ranges added later': [
    {
      why: 'a second range is routed locally like the first',
      flow: 'web4 → web1 tcp/80',
      is: 'open: ec2 by sgr-web2, sgr-web1',
    },
    {
      why: 'a reference does not care for ranges',
      flow: 'web4 → db1 tcp/5432',
      is: 'open: ec2 by sgr-web2, sgr-db1',
    },
  ],
};

describe('evaluate', () => {
  for (const [title, cases] of Object.entries(sections)) {
    describe(title, () => {
      it.each(cases)('$flow is $is: $why', ({ flow, rules, change, is }) => {
        const vpc = sampleVpc({ ...(rules !== undefined && { rules }), ...(change !== undefined && { change }) });
        expect(summary(evaluate(sampleFlow(flow), vpc))).toBe(is);
      });
    });
  }

  it('lets pods leave by IPv6 as themselves: nothing translates there', () => {
    const verdict = evaluate(sampleFlow('plain3v6 → internet6 tcp/443'), sampleVpc());
    expect(summary(verdict)).toBe('open: ec2 by sgr-node3, egressOnlyGateway');
    expect(verdict.leavesAs).toBeUndefined();
    expect(evaluate(sampleFlow('plain3 → internet tcp/443'), sampleVpc()).leavesAs).toBe(ip(places.node3));
  });

  it('takes every IPv6 address through an internet gateway but unique local ones', () => {
    const out = (address: string) => {
      const vpc = sampleVpc({ change: changed('eni-web1', { addresses: [ip(address)] }) });
      return summary(evaluate({ ...sampleFlow('web3v6 → internet6 tcp/443'), source: ip(address) }, vpc));
    };
    expect(out('2001:db8:0:a::50')).toBe('open: ec2 by sgr-web3, internetGateway');
    expect(out('fd01::50')).toBe('closed: out noPublicAddress');
  });

  it('lets the kubelet’s probes pass on its own node only', () => {
    const probe = (text: string) => summary(evaluate({ ...sampleFlow(text), probe: true }, sampleVpc()));
    expect(probe('node1 → db1 tcp/8080')).toBe('open: nobody');
    expect(probe('plain1 → db1 tcp/8080')).toBe('closed: ingress of eni-db1');
    expect(probe('node2 → db1 tcp/8080')).toBe('closed: ingress of eni-db1');
  });

  it('says where network ACLs, which it does not model, could still drop', () => {
    const unmodelled = (text: string) => evaluate(sampleFlow(text), sampleVpc()).notModelled;
    expect(unmodelled('web1 → db2 tcp/5432')).toEqual([]);
    expect(unmodelled('api3 → db1 tcp/5432')).toEqual(['networkAcls']);
    expect(unmodelled('api3 → internet tcp/443')).toEqual(['networkAcls']);
  });

  it('names the nearest rule: the same port before the same peer, and either before another protocol', () => {
    const nearest = (text: string, lines: readonly string[]) => {
      const verdict = evaluate(sampleFlow(text), sampleVpc({ rules: { 'sg-db': lines } }));
      const refusal = verdict.allowed ? undefined : verdict.refusals[0];
      return refusal?.kind === 'noRule' ? refusal.nearest : undefined;
    };
    const lines = [
      'in udp 22 from sg-node',
      'in tcp 80 from sg-node',
      'in tcp 22 from sg-api',
      'out tcp 22 to sg-node',
    ];
    expect(nearest('node2 → db1 tcp/22', lines)).toMatchObject({ rule: { id: 'sgr-db3' }, differsIn: ['peer'] });
    expect(nearest('node2 → db1 tcp/22', lines.slice(0, 2))).toMatchObject({
      rule: { id: 'sgr-db2' },
      differsIn: ['ports'],
    });
    expect(nearest('node2 → db1 tcp/22', lines.slice(0, 1))).toMatchObject({
      rule: { id: 'sgr-db1' },
      differsIn: ['protocol'],
    });
    expect(nearest('node2 → db1 tcp/22', lines.slice(3))).toBeUndefined();
  });
});

describe('a verdict in one sentence', () => {
  const say = (text: string, options: Parameters<typeof sampleVpc>[0] = {}) =>
    explainVerdict(evaluate(sampleFlow(text), sampleVpc(options)));

  it.each([
    [
      'web2 → db1 tcp/5432',
      'tcp from 10.0.0.70 to 10.0.0.60:5432 is allowed: sgr-web2 of sg-web (all traffic to 0.0.0.0/0) lets it out and sgr-db1 of sg-db (tcp 5432 from sg-web) lets it in.',
    ],
    [
      'plain2 → db1 tcp/5432',
      'tcp from 10.0.0.21 to 10.0.0.60:5432 is refused: no ingress rule of sg-db (eni-db1) admits it; the nearest, sgr-db1 of sg-db (tcp 5432 from sg-web), differs in its peer; "tcp 5432 from sg-node" would.',
    ],
    [
      'internet → api3 icmp/8/0',
      'icmp 8/0 from 203.0.113.9 to 10.0.16.50 is refused: no ingress rule of sg-api or sg-web (eni-api3) admits it; the nearest, sgr-web1 of sg-web (tcp 80 from 0.0.0.0/0), differs in its protocol; "icmp 8/0 from 203.0.113.9/32" would, and there is no way in for subnet-b: its route there is a gateway that lets connections out, never in (nat-1).',
    ],
    [
      'plain1 → internet tcp/443',
      'tcp from 10.0.0.11 to 203.0.113.9:443 is allowed: sgr-node2 of sg-node (all traffic to 0.0.0.0/0) lets it out; it leaves as the node, 10.0.0.10; its way is the internet gateway igw-1; network ACLs, which are not modelled, could still drop it.',
    ],
    [
      'web1 → internet tcp/443',
      'tcp from 10.0.0.50 to 203.0.113.9:443 is refused: there is no way out for subnet-a: its route there is an internet gateway, and the address has no public one (igw-1).',
    ],
    [
      'api3v6 → internet6 tcp/443',
      'tcp from 2001:db8:0:b::50 to [2600::9]:443 is allowed: sgr-web3 of sg-web (all traffic to ::/0) lets it out; its way is the egress-only gateway eigw-1; network ACLs, which are not modelled, could still drop it.',
    ],
    [
      'plain1 → plain1b 47',
      'protocol 47 from 10.0.0.11 to 10.0.0.12 is allowed: both ends are on one instance and have its groups, so nothing judges it.',
    ],
    [
      'db1 → dns udp/53',
      'udp from 10.0.0.60 to 10.0.0.2:53 is allowed: 10.0.0.2 is a service of the VPC, which no security group filters.',
    ],
    [
      'web1 → nobody tcp/80',
      'tcp from 10.0.0.50 to 10.0.0.199:80 is refused: no interface has the target’s address 10.0.0.199.',
    ],
    [
      'free → web1 tcp/80',
      'tcp from 10.0.0.200 to 10.0.0.50:80 is refused: the source’s interface eni-free is not attached to an instance.',
    ],
  ])('%s', (flow, sentence) => {
    expect(say(flow)).toBe(sentence);
  });

  it('says so when the rules of a group are not known', () => {
    expect(say('web2 → db1 tcp/5432', { change: changed('eni-db1', { groups: ['sg-gone'] }) })).toBe(
      'tcp from 10.0.0.70 to 10.0.0.60:5432 is refused: no ingress rule of sg-gone (eni-db1) admits it; the rules of sg-gone are not known; "tcp 5432 from sg-web" would.',
    );
  });
});
