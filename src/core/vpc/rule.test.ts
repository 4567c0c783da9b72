import { describe, expect, it } from 'vitest';

import { prefix4, prefix6 } from '../address/prefix.ts';
import type { RulePeer, SecurityGroupRule } from './model.ts';
import { normaliseRule } from './rule.ts';

const rule = (more: Partial<SecurityGroupRule>): SecurityGroupRule => ({
  id: 'sgr-1',
  direction: 'ingress',
  protocol: '-1',
  peer: { kind: 'group', group: 'sg-1' },
  ...more,
});
const match = (more: Partial<SecurityGroupRule>) => normaliseRule(rule(more))?.match;
const peer = (given: RulePeer) => normaliseRule(rule({ peer: given }))?.peer;

describe('what a rule matches', () => {
  it('is anything for -1, whatever ports are given', () => {
    expect(match({ protocol: '-1' })).toEqual({ kind: 'any' });
    expect(match({ protocol: '-1', fromPort: 80, toPort: 80 })).toEqual({ kind: 'any' });
    expect(match({ protocol: 'all' })).toEqual({ kind: 'any' });
  });

  it('is a range of ports for tcp and udp, by name, by number and in any case', () => {
    const ports = { fromPort: 80, toPort: 90 };
    for (const protocol of ['tcp', 'TCP', '6']) {
      expect(match({ protocol, ...ports })).toEqual({ kind: 'ports', protocol: 6, from: 80, to: 90 });
    }
    expect(match({ protocol: 'udp', ...ports })).toEqual({ kind: 'ports', protocol: 17, from: 80, to: 90 });
  });

  it('is all of tcp where the ports are −1', () => {
    expect(match({ protocol: 'tcp', fromPort: -1, toPort: -1 })).toEqual({ kind: 'protocol', protocol: 6 });
  });

  it.each([
    { protocol: 'tcp' },
    { protocol: 'tcp', fromPort: 90, toPort: 80 },
    { protocol: 'udp', fromPort: 0, toPort: 65_536 },
    { protocol: 'sctp', fromPort: 1, toPort: 2 },
    { protocol: '256' },
    { protocol: '-2' },
    { protocol: '' },
  ])('is nothing where it cannot be read: %j', (more) => {
    expect(normaliseRule(rule(more))).toBeUndefined();
  });

  it('is all of another protocol, whatever ports are given', () => {
    expect(match({ protocol: '50' })).toEqual({ kind: 'protocol', protocol: 50 });
    expect(match({ protocol: '132', fromPort: 80, toPort: 80 })).toEqual({ kind: 'protocol', protocol: 132 });
  });

  it('is a type and a code for icmp, −1 and absence meaning any', () => {
    expect(match({ protocol: 'icmp', fromPort: 8, toPort: -1 })).toEqual({ kind: 'icmp', type: 8, code: null });
    expect(match({ protocol: '1', fromPort: 3, toPort: 4 })).toEqual({ kind: 'icmp', type: 3, code: 4 });
    expect(match({ protocol: 'icmp', fromPort: -1, toPort: -1 })).toEqual({ kind: 'icmp', type: null, code: null });
    expect(match({ protocol: 'icmp' })).toEqual({ kind: 'icmp', type: null, code: null });
  });
});

describe('a rule’s peer', () => {
  it('is a network of either family, without the bits beyond its length', () => {
    expect(peer({ kind: 'cidr', cidr: '10.0.0.1/16' })).toEqual({ kind: 'cidr4', prefix: prefix4('10.0.0.0/16') });
    expect(peer({ kind: 'cidr', cidr: '2001:db8::1/32' })).toEqual({ kind: 'cidr6', prefix: prefix6('2001:db8::/32') });
  });

  it('is a group or a prefix list by id', () => {
    expect(peer({ kind: 'group', group: 'sg-9' })).toEqual({ kind: 'group', group: 'sg-9' });
    expect(peer({ kind: 'prefixList', prefixList: 'pl-9' })).toEqual({ kind: 'prefixList', prefixList: 'pl-9' });
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.010/8', '::/0/0', ''])(
    'is nobody where it cannot be read: %j',
    (cidr) => {
      expect(normaliseRule(rule({ peer: { kind: 'cidr', cidr } }))).toBeUndefined();
    },
  );
});
