import { describe, expect, it } from 'vitest';

import { CloudModel, makeInterface, runInstance, sampleVpc } from '../../testing/cloud-model.ts';

/** The sample VPC with a /56 and its subnet with the first /64 of it. */
function sampleVpc6(cloud: CloudModel) {
  const sample = sampleVpc(cloud);
  const { Ipv6CidrBlockAssociation: range } = cloud.call('AssociateVpcCidrBlock', {
    VpcId: sample.vpc,
    AmazonProvidedIpv6CidrBlock: true,
  });
  const { Ipv6CidrBlockAssociation: subnetRange } = cloud.call('AssociateSubnetCidrBlock', {
    SubnetId: sample.subnet,
    Ipv6CidrBlock: '2001:db8:1::/64',
  });
  return { ...sample, range: range?.AssociationId ?? '', subnetRange: subnetRange?.AssociationId ?? '' };
}

const describeOne = (cloud: CloudModel, id: string) =>
  cloud.call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [id] }).NetworkInterfaces?.[0];

describe('ranges of IPv6', () => {
  it('come to a VPC as the lowest free /56, on creation or later, and are associated in a while', () => {
    const cloud = new CloudModel({ settlingMs: { associateCidr: 2000 } });
    const first = cloud.call('CreateVpc', { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true }).Vpc;
    const { vpc, subnet } = sampleVpc(cloud);
    const later = cloud.call('AssociateVpcCidrBlock', { VpcId: vpc, AmazonProvidedIpv6CidrBlock: true });
    expect(first?.Ipv6CidrBlockAssociationSet?.[0]).toMatchObject({
      Ipv6CidrBlock: '2001:db8:1::/56',
      Ipv6CidrBlockState: { State: 'associating' },
    });
    expect(later.Ipv6CidrBlockAssociation?.Ipv6CidrBlock).toBe('2001:db8:1:100::/56');
    const wish = { SubnetId: subnet, Ipv6CidrBlock: '2001:db8:1:101::/64' };
    expect(cloud.refusal('AssociateSubnetCidrBlock', wish)).toBe(
      "InvalidSubnet.Range: The CIDR '2001:db8:1:101::/64' is invalid.",
    );
    cloud.passTime(2000);
    cloud.call('AssociateSubnetCidrBlock', wish);
    cloud.passTime(2000);
    const Filters = [{ Name: 'ipv6-cidr-block-association.state', Values: ['associated'] }];
    expect(cloud.call('DescribeSubnets', { Filters }).Subnets?.map((each) => each.SubnetId)).toEqual([subnet]);
    expect(cloud.call('DescribeVpcs', { Filters }).Vpcs).toHaveLength(2);
  });

  it.each([
    ['2001:db8:1::/64', "InvalidSubnet.Conflict: The CIDR '2001:db8:1::/64' conflicts with another subnet"],
    ['2001:db8:1::/60', "InvalidSubnet.Range: The CIDR '2001:db8:1::/60' is invalid."],
    ['2001:db8:2::/64', "InvalidSubnet.Range: The CIDR '2001:db8:2::/64' is invalid."],
    [
      '10.0.0.0/24',
      'InvalidParameterValue: Value (10.0.0.0/24) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.',
    ],
  ])('serve no second subnet with %s', (Ipv6CidrBlock, refusal) => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc6(cloud);
    expect(cloud.refusal('CreateSubnet', { VpcId: vpc, CidrBlock: '10.0.1.0/24', Ipv6CidrBlock })).toBe(refusal);
  });

  it('go in the order in which they are used: addresses, the subnet’s range, the VPC’s', () => {
    const cloud = new CloudModel();
    const { vpc, subnet, range, subnetRange } = sampleVpc6(cloud);
    const NetworkInterfaceId = makeInterface(cloud, subnet);
    cloud.call('AssignIpv6Addresses', { NetworkInterfaceId, Ipv6PrefixCount: 1 });
    expect(cloud.refusal('DisassociateSubnetCidrBlock', { AssociationId: subnetRange })).toContain('DependencyViol');
    expect(cloud.refusal('DisassociateVpcCidrBlock', { AssociationId: range })).toContain('DependencyViolation: ');
    cloud.call('DeleteNetworkInterface', { NetworkInterfaceId });
    cloud.call('DisassociateSubnetCidrBlock', { AssociationId: subnetRange });
    cloud.call('DisassociateVpcCidrBlock', { AssociationId: range });
    const [described] = cloud.call('DescribeVpcs', { VpcIds: [vpc] }).Vpcs ?? [];
    expect(described?.Ipv6CidrBlockAssociationSet).toEqual([]);
    expect(cloud.refusal('DisassociateSubnetCidrBlock', { AssociationId: subnetRange })).toBe(
      `InvalidSubnetCidrBlockAssociationID.NotFound: The subnet CIDR block association ID '${subnetRange}' does not exist`,
    );
  });

  it('let IPv6 out of groups whose egress nobody has edited, and of new ones', () => {
    const cloud = new CloudModel();
    const { vpc, group } = sampleVpc6(cloud);
    const wish = { VpcId: vpc, GroupName: 'later', Description: 'd' };
    const later = cloud.call('CreateSecurityGroup', wish).GroupId ?? '';
    const egress = cloud
      .call('DescribeSecurityGroups', { GroupIds: [group, later] })
      .SecurityGroups?.map((each) => each.IpPermissionsEgress?.flatMap(({ Ipv6Ranges = [] }) => Ipv6Ranges));
    expect(egress).toEqual([[{ CidrIpv6: '::/0' }], [{ CidrIpv6: '::/0' }]]);
  });
});

describe('IPv6 addresses', () => {
  it('are given by number or by name, singly or as /80 prefixes, and found by filter', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc6(cloud);
    const { NetworkInterface: made } = cloud.call('CreateNetworkInterface', { SubnetId: subnet, Ipv6AddressCount: 1 });
    const NetworkInterfaceId = made?.NetworkInterfaceId ?? '';
    expect(made?.Ipv6Addresses).toEqual([{ Ipv6Address: '2001:db8:1::4', IsPrimaryIpv6: false }]);
    const named = { NetworkInterfaceId, Ipv6Addresses: ['2001:0db8:1::0a'] };
    expect(cloud.call('AssignIpv6Addresses', named).AssignedIpv6Addresses).toEqual(['2001:db8:1::a']);
    expect(cloud.call('AssignIpv6Addresses', { NetworkInterfaceId, Ipv6PrefixCount: 2 }).AssignedIpv6Prefixes).toEqual([
      '2001:db8:1:0:1::/80',
      '2001:db8:1:0:2::/80',
    ]);
    const Filters = [{ Name: 'ipv6-addresses.ipv6-address', Values: ['*::a'] }];
    const [found] = cloud.call('DescribeNetworkInterfaces', { Filters }).NetworkInterfaces ?? [];
    expect(found?.Ipv6Prefixes).toEqual([{ Ipv6Prefix: '2001:db8:1:0:1::/80' }, { Ipv6Prefix: '2001:db8:1:0:2::/80' }]);
  });

  it.each([
    ['2001:db8:1::3', "InvalidParameterValue: Address 2001:db8:1::3 is in subnet's reserved address range"],
    ['2001:db8:2::9', "InvalidParameterValue: Address does not fall within the subnet's address range"],
    ['10.0.0.9', 'InvalidParameterValue: invalid value for parameter address: 10.0.0.9'],
  ])('cannot be %s', (address, refusal) => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc6(cloud);
    const NetworkInterfaceId = makeInterface(cloud, subnet);
    expect(cloud.refusal('AssignIpv6Addresses', { NetworkInterfaceId, Ipv6Addresses: [address] })).toBe(refusal);
  });

  it('have a limit of their own, as many as of IPv4', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc6(cloud);
    runInstance(cloud, subnet, 'm5.large');
    const NetworkInterfaceId = cloud.call('DescribeNetworkInterfaces', {}).NetworkInterfaces?.[0]?.NetworkInterfaceId;
    cloud.call('AssignIpv6Addresses', { NetworkInterfaceId, Ipv6AddressCount: 10 });
    expect(cloud.refusal('AssignIpv6Addresses', { NetworkInterfaceId, Ipv6PrefixCount: 1 })).toContain(
      'Ipv6AddressLimitExceeded: ',
    );
  });

  it('are given back whole or not at all', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc6(cloud);
    const NetworkInterfaceId = makeInterface(cloud, subnet);
    cloud.call('AssignIpv6Addresses', { NetworkInterfaceId, Ipv6AddressCount: 2 });
    const some = { NetworkInterfaceId, Ipv6Addresses: ['2001:db8:1::4', '2001:db8:1::9'] };
    expect(cloud.refusal('UnassignIpv6Addresses', some)).toContain('Some of the specified addresses are not assigned');
    cloud.call('UnassignIpv6Addresses', { NetworkInterfaceId, Ipv6Addresses: ['2001:db8:1::4'] });
    expect(describeOne(cloud, NetworkInterfaceId)?.Ipv6Addresses).toMatchObject([{ Ipv6Address: '2001:db8:1::5' }]);
  });

  it('come by themselves where the subnet says so, and at launch where the call does', () => {
    const cloud = new CloudModel();
    const { vpc, subnet } = sampleVpc6(cloud);
    const bare = cloud.call('CreateSubnet', { VpcId: vpc, CidrBlock: '10.0.1.0/24' }).Subnet?.SubnetId ?? '';
    const assign = (SubnetId: string) => ({ SubnetId, AssignIpv6AddressOnCreation: { Value: true } });
    expect(cloud.refusal('ModifySubnetAttribute', assign(bare))).toContain('InvalidParameterValue: ');
    cloud.call('ModifySubnetAttribute', assign(subnet));
    expect(describeOne(cloud, makeInterface(cloud, subnet))?.Ipv6Addresses).toHaveLength(1);
    const { Instances } = cloud.call('RunInstances', {
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: 'm5.large',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: subnet,
      Ipv6AddressCount: 2,
    });
    expect(Instances?.[0]?.Ipv6Address).toBe('2001:db8:1::5');
    const Filters = [{ Name: 'network-interface.ipv6-addresses.ipv6-address', Values: ['2001:db8:1::6'] }];
    expect(cloud.call('DescribeInstances', { Filters }).Reservations).toHaveLength(1);
  });
});
