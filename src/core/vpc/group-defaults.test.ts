import { describe, expect, it } from 'vitest';

import { defaultGroup, egressDefaults } from './group-defaults.ts';

describe('what EC2 puts into groups', () => {
  it('lets a new group send everything, by IPv6 only where the VPC has it', () => {
    const peers = (ipv6: boolean) =>
      egressDefaults({ ipv6 }).map(({ direction, protocol, peer }) => [direction, protocol, peer]);
    expect(peers(false)).toEqual([['egress', '-1', { kind: 'cidr', cidr: '0.0.0.0/0' }]]);
    expect(peers(true)).toHaveLength(2);
  });

  it('lets members of a VPC’s default group reach one another', () => {
    let ids = 0;
    const group = defaultGroup({ id: 'sg-1', vpc: 'vpc-1', ipv6: false, newRuleId: () => `sgr-${++ids}` });
    expect(group).toEqual({
      id: 'sg-1',
      vpc: 'vpc-1',
      name: 'default',
      rules: [
        { id: 'sgr-1', direction: 'ingress', protocol: '-1', peer: { kind: 'group', group: 'sg-1' } },
        { id: 'sgr-2', direction: 'egress', protocol: '-1', peer: { kind: 'cidr', cidr: '0.0.0.0/0' } },
      ],
    });
  });
});
