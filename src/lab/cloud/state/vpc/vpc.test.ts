import { describe, expect, it } from 'vitest';

import { CloudModel, makeInterface, sampleVpc } from '../../testing/cloud-model.ts';

describe('a VPC', () => {
  it('gets a range more, which serves subnets once it is associated', () => {
    const cloud = new CloudModel({ settlingMs: { associateCidr: 2000 } });
    const { vpc } = sampleVpc(cloud);
    const { CidrBlockAssociation: added } = cloud.call('AssociateVpcCidrBlock', {
      VpcId: vpc,
      CidrBlock: '100.64.0.0/16',
    });
    expect(added?.CidrBlockState).toEqual({ State: 'associating' });
    const subnet = { VpcId: vpc, CidrBlock: '100.64.0.0/20' };
    expect(cloud.refusal('CreateSubnet', subnet)).toBe("InvalidSubnet.Range: The CIDR '100.64.0.0/20' is invalid.");
    cloud.passTime(2000);
    const made = cloud.call('CreateSubnet', subnet).Subnet?.SubnetId ?? '';
    const gone = { AssociationId: added?.AssociationId ?? '' };
    expect(cloud.refusal('DisassociateVpcCidrBlock', gone)).toContain('DependencyViolation: ');
    cloud.call('DeleteSubnet', { SubnetId: made });
    cloud.call('DisassociateVpcCidrBlock', gone);
    cloud.passTime(2000);
    const [described] = cloud.call('DescribeVpcs', { VpcIds: [vpc] }).Vpcs ?? [];
    expect(described?.CidrBlockAssociationSet?.map((each) => each.CidrBlock)).toEqual(['10.0.0.0/16']);
  });

  it.each([
    ['172.16.0.0/16', "InvalidVpc.Range: The CIDR '172.16.0.0/16' is restricted."],
    ['169.254.0.0/20', "InvalidVpc.Range: The CIDR '169.254.0.0/20' is restricted."],
    ['10.0.0.0/20', "InvalidVpc.Range: The CIDR '10.0.0.0/20' overlaps with pre-existing CIDR block"],
    ['10.1.0.0/29', "InvalidVpc.Range: The CIDR '10.1.0.0/29' is invalid."],
    [
      '10.1.0.0',
      'InvalidParameterValue: Value (10.1.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.',
    ],
  ])('refuses the range %s', (CidrBlock, refusal) => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    expect(cloud.refusal('AssociateVpcCidrBlock', { VpcId: vpc, CidrBlock })).toContain(refusal);
  });

  it('has at most five ranges, and keeps its first', () => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    for (const second of [1, 2, 3, 4])
      cloud.call('AssociateVpcCidrBlock', { VpcId: vpc, CidrBlock: `10.${second}.0.0/16` });
    expect(cloud.refusal('AssociateVpcCidrBlock', { VpcId: vpc, CidrBlock: '10.5.0.0/16' })).toBe(
      `CidrLimitExceeded: This network ${vpc} has met its maximum number of allowed CIDRs: 5`,
    );
    const [described] = cloud.call('DescribeVpcs', {}).Vpcs ?? [];
    const AssociationId = described?.CidrBlockAssociationSet?.[0]?.AssociationId ?? '';
    expect(cloud.refusal('DisassociateVpcCidrBlock', { AssociationId })).toContain('OperationNotPermitted: ');
  });

  it('stays while it has subnets or groups, then goes with what came with it', () => {
    const cloud = new CloudModel();
    const { vpc, subnet, group } = sampleVpc(cloud);
    const busy = `DependencyViolation: The vpc '${vpc}' has dependencies and cannot be deleted.`;
    const eni = makeInterface(cloud, subnet);
    expect(cloud.refusal('DeleteSubnet', { SubnetId: subnet })).toContain('DependencyViolation: ');
    cloud.call('DeleteNetworkInterface', { NetworkInterfaceId: eni });
    cloud.call('DeleteSubnet', { SubnetId: subnet });
    expect(cloud.refusal('DeleteVpc', { VpcId: vpc })).toBe(busy);
    cloud.call('DeleteSecurityGroup', { GroupId: group });
    cloud.call('DeleteVpc', { VpcId: vpc });
    expect(cloud.call('DescribeSecurityGroups', {}).SecurityGroups).toEqual([]);
    expect(cloud.call('DescribeRouteTables', {}).RouteTables).toEqual([]);
  });
});

describe('a subnet', () => {
  it.each([
    ['10.0.0.128/25', "InvalidSubnet.Conflict: The CIDR '10.0.0.128/25' conflicts with another subnet"],
    ['10.1.0.0/24', "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid."],
  ])('cannot have %s', (CidrBlock, refusal) => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    expect(cloud.refusal('CreateSubnet', { VpcId: vpc, CidrBlock })).toBe(refusal);
  });

  it('lies in a zone that there is', () => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    const request = { VpcId: vpc, CidrBlock: '10.0.1.0/24', AvailabilityZone: 'us-west-2x' };
    expect(cloud.refusal('CreateSubnet', request)).toContain('availability zones: us-west-2a, us-west-2b.');
    const { Subnet: made } = cloud.call('CreateSubnet', {
      VpcId: vpc,
      CidrBlock: '10.0.1.0/24',
      AvailabilityZoneId: 'usw2-az2',
    });
    expect(made?.AvailabilityZone).toBe('us-west-2b');
  });
});

describe('tags', () => {
  it('are set and taken away on any resource, and listed across them', () => {
    const cloud = new CloudModel();
    const { vpc, subnet } = sampleVpc(cloud);
    cloud.call('CreateTags', {
      Resources: [vpc, subnet],
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '2' },
      ],
    });
    cloud.call('DeleteTags', { Resources: [vpc], Tags: [{ Key: 'a', Value: 'other' }, { Key: 'b' }] });
    const { Tags } = cloud.call('DescribeTags', { Filters: [{ Name: 'key', Values: ['?'] }] });
    expect(Tags?.map(({ ResourceType, Key, Value }) => [ResourceType, Key, Value])).toEqual([
      ['vpc', 'a', '1'],
      ['subnet', 'a', '1'],
      ['subnet', 'b', '2'],
    ]);
  });

  it.each([
    ['nothing-that-is', { Key: 'a', Value: '' }, "InvalidID: The ID 'nothing-that-is' is not valid"],
    [
      'vpc-0123456789abcdef0',
      { Key: 'a', Value: '' },
      "InvalidVpcID.NotFound: The vpc ID 'vpc-0123456789abcdef0' does not exist",
    ],
    [
      'vpc-0123456789abcdef0',
      { Key: 'aws:x', Value: '' },
      "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use",
    ],
  ])('are refused on %s with %j', (id, tag, refusal) => {
    expect(new CloudModel().refusal('CreateTags', { Resources: [id], Tags: [tag] })).toBe(refusal);
  });

  it('are fifty a resource', () => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    const Tags = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
    cloud.call('CreateTags', { Resources: [vpc], Tags });
    expect(cloud.refusal('CreateTags', { Resources: [vpc], Tags: [{ Key: 'more', Value: '' }] })).toContain(
      'TagLimitExceeded: ',
    );
  });
});
