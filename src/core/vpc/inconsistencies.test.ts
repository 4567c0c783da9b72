import { describe, expect, it } from 'vitest';

import { ip } from '../address/ip.ts';
import { prefix, prefix4 } from '../address/prefix.ts';
import { inconsistencies } from './inconsistencies.ts';
import type { NetworkInterface, Subnet, Vpc } from './model.ts';
import { sampleVpc } from './testing/sample-vpc.ts';

const vpc = sampleVpc();
const withInterface = (id: string, change: Partial<NetworkInterface>): Vpc =>
  sampleVpc({ change: (each) => (each.id === id ? { ...each, ...change } : each) });
const withSubnet = (id: string, change: Partial<Subnet>): Vpc => ({
  ...vpc,
  subnets: vpc.subnets.map((each) => (each.id === id ? { ...each, ...change } : each)),
});

describe('the consistency of a VPC', () => {
  it('is given in the sample', () => {
    expect(inconsistencies(vpc)).toEqual([]);
  });

  it.each<[string, Vpc, string]>([
    [
      'ranges apart',
      { ...vpc, cidrs: [...vpc.cidrs, prefix('10.0.128.0/17')] },
      '10.0.0.0/16 of a range and 10.0.128.0/17 of a range overlap',
    ],
    [
      'subnets of a size that EC2 makes',
      withSubnet('subnet-d', { cidr: prefix4('10.0.32.0/29') }),
      '10.0.32.0/29 of subnet-d is not from /16 to /28',
    ],
    [
      'subnets in a range of the VPC',
      withSubnet('subnet-d', { cidr: prefix4('10.1.0.0/20') }),
      '10.1.0.0/20 of subnet-d is in no range of vpc-1',
    ],
    [
      'subnets apart',
      withSubnet('subnet-d', { cidr: prefix4('10.0.16.0/21') }),
      '10.0.16.0/20 of subnet-b and 10.0.16.0/21 of subnet-d overlap',
    ],
    [
      'interfaces in a subnet',
      withInterface('eni-db1', { subnet: 'subnet-x' }),
      'eni-db1 is in subnet-x, which does not exist',
    ],
    ['a group for each interface', withInterface('eni-db1', { groups: [] }), 'eni-db1 has no group'],
    [
      'groups of the VPC',
      withInterface('eni-db1', { groups: ['sg-x'] }),
      'eni-db1 has group sg-x, which vpc-1 does not have',
    ],
    [
      'addresses of the subnet',
      withInterface('eni-db1', { addresses: [ip('10.0.16.99')] }),
      '10.0.16.99 of eni-db1 is not in subnet-a',
    ],
    [
      'no address that EC2 reserves',
      withInterface('eni-db1', { addresses: [ip('10.0.15.255')] }),
      '10.0.15.255 of eni-db1 is reserved in subnet-a',
    ],
    [
      'one owner for each address',
      withInterface('eni-db1', { addresses: [ip('10.0.0.50')] }),
      '10.0.0.50/32 of eni-web1 and 10.0.0.50/32 of eni-db1 overlap',
    ],
    [
      'no address in another’s prefix',
      withInterface('eni-db1', { addresses: [ip('10.0.0.47')] }),
      '10.0.0.32/28 of eni-node1 and 10.0.0.47/32 of eni-db1 overlap',
    ],
    [
      'prefixes of the length that EC2 delegates',
      withInterface('eni-db1', { prefixes: [prefix('10.0.4.0/27')] }),
      '10.0.4.0/27 of eni-db1 is no /28',
    ],
    [
      'prefixes of the subnet',
      withInterface('eni-db1', { prefixes: [prefix('10.0.16.128/28')] }),
      '10.0.16.128/28 of eni-db1 is not in subnet-a',
    ],
    [
      'one interface at each index',
      withInterface('eni-db1', { attachment: { instance: 'i-1', deviceIndex: 1 } }),
      'eni-web1 and eni-db1 are both device 1 of i-1',
    ],
    [
      'branches on trunks',
      withInterface('eni-trunk2', { purpose: 'node' }),
      'eni-db2 is a branch of eni-trunk2, which is no trunk',
    ],
    [
      'branches that are attached by their trunk only',
      withInterface('eni-db2', { attachment: { instance: 'i-2', deviceIndex: 5 } }),
      'eni-db2 is a branch and attached by itself, too',
    ],
    [
      'VLANs that exist',
      withInterface('eni-db2', { trunk: { interface: 'eni-trunk2', vlan: 4095 } }),
      'eni-db2 has VLAN 4095',
    ],
  ])('asks for %s', (_, broken, problem) => {
    expect(inconsistencies(broken)).toContain(problem);
  });
});
