import { describe, expect, it } from 'vitest';

import { CloudModel, makeInterface, sampleVpc } from '../../testing/cloud-model.ts';

const tcp = (port: number, cidr = '10.0.0.0/8') => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp: cidr }],
});

describe('a security group', () => {
  it('begins with one rule: everything out', () => {
    const cloud = new CloudModel();
    const { group } = sampleVpc(cloud);
    const [answer] = cloud.call('DescribeSecurityGroups', { GroupIds: [group] }).SecurityGroups ?? [];
    expect(answer?.IpPermissions).toEqual([]);
    expect(answer?.IpPermissionsEgress).toMatchObject([{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]);
  });

  it.each([
    [
      'sg-web',
      'InvalidParameterValue: Value (sg-web) for parameter GroupName is invalid. Group names may not be in the format sg-*.',
    ],
    ['default', 'InvalidParameterValue: Cannot use reserved security group name: default'],
    ['WEB', "InvalidGroup.Duplicate: The security group 'WEB' already exists for VPC 'VPC'"],
  ])('may not be called %s', (name, refusal) => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    const said = cloud.refusal('CreateSecurityGroup', { VpcId: vpc, GroupName: name, Description: 'd' });
    expect(said.replace(vpc, 'VPC')).toBe(refusal);
  });

  it('cannot be deleted while an interface wears it or a rule of another names it', () => {
    const cloud = new CloudModel();
    const { vpc, subnet, group } = sampleVpc(cloud);
    const other = cloud.call('CreateSecurityGroup', { VpcId: vpc, GroupName: 'db', Description: 'd' }).GroupId ?? '';
    const permission = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: group }] };
    cloud.call('AuthorizeSecurityGroupIngress', { GroupId: other, IpPermissions: [permission] });
    const busy = `DependencyViolation: resource ${group} has a dependent object`;
    expect(cloud.refusal('DeleteSecurityGroup', { GroupId: group })).toBe(busy);
    cloud.call('RevokeSecurityGroupIngress', { GroupId: other, IpPermissions: [permission] });
    const eni = cloud.call('CreateNetworkInterface', { SubnetId: subnet, Groups: [group] }).NetworkInterface;
    expect(cloud.refusal('DeleteSecurityGroup', { GroupId: group })).toBe(busy);
    cloud.call('DeleteNetworkInterface', { NetworkInterfaceId: eni?.NetworkInterfaceId ?? '' });
    cloud.call('DeleteSecurityGroup', { GroupId: group });
    expect(cloud.refusal('DeleteSecurityGroup', { GroupId: group })).toBe(
      `InvalidGroup.NotFound: The security group '${group}' does not exist`,
    );
  });

  it('that is the default of its VPC stays', () => {
    const cloud = new CloudModel();
    sampleVpc(cloud);
    const [group] = cloud.call('DescribeSecurityGroups', { GroupNames: ['default'] }).SecurityGroups ?? [];
    expect(cloud.refusal('DeleteSecurityGroup', { GroupId: group?.GroupId ?? '' })).toContain('CannotDelete: ');
  });
});

describe('rules', () => {
  it('are gathered into one permission for each protocol and ports', () => {
    const cloud = new CloudModel();
    const { group } = sampleVpc(cloud);
    const answer = cloud.call('AuthorizeSecurityGroupIngress', {
      GroupId: group,
      IpPermissions: [{ ...tcp(80), UserIdGroupPairs: [{ GroupId: group }] }, tcp(443)],
    });
    expect(answer.SecurityGroupRules?.map((rule) => rule.SecurityGroupRuleId?.slice(0, 4))).toEqual([
      'sgr-',
      'sgr-',
      'sgr-',
    ]);
    const [described] = cloud.call('DescribeSecurityGroups', { GroupIds: [group] }).SecurityGroups ?? [];
    expect(described?.IpPermissions).toMatchObject([
      { FromPort: 80, IpRanges: [{ CidrIp: '10.0.0.0/8' }], UserIdGroupPairs: [{ GroupId: group }] },
      { FromPort: 443 },
    ]);
  });

  it('come whole or not at all', () => {
    const cloud = new CloudModel();
    const { group } = sampleVpc(cloud);
    cloud.call('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: [tcp(80)] });
    expect(cloud.refusal('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: [tcp(81), tcp(80)] })).toBe(
      'InvalidPermission.Duplicate: the specified rule "peer: 10.0.0.0/8, TCP, from port: 80, to port: 80, ALLOW" already exists',
    );
    expect(cloud.refusal('RevokeSecurityGroupIngress', { GroupId: group, IpPermissions: [tcp(80), tcp(81)] })).toBe(
      'InvalidPermission.NotFound: The specified rule does not exist in this security group.',
    );
  });

  it('are the same when their ranges are the same once the bits beyond the length are cleared', () => {
    const cloud = new CloudModel();
    const { group } = sampleVpc(cloud);
    const twice = [tcp(80, '10.0.0.0/8'), tcp(80, '10.1.2.3/8')];
    expect(cloud.refusal('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: twice })).toBe(
      'InvalidParameterValue: The same permission must not appear multiple times',
    );
  });

  it('can be taken away by their ids', () => {
    const cloud = new CloudModel();
    const { group } = sampleVpc(cloud);
    const { SecurityGroupRules: rules } = cloud.call('AuthorizeSecurityGroupIngress', {
      GroupId: group,
      IpPermissions: [tcp(80), tcp(81)],
    });
    const id = rules?.[0]?.SecurityGroupRuleId ?? '';
    cloud.call('RevokeSecurityGroupIngress', { GroupId: group, SecurityGroupRuleIds: [id] });
    const left = cloud.call('DescribeSecurityGroupRules', { Filters: [{ Name: 'group-id', Values: [group] }] });
    expect(left.SecurityGroupRules?.map((rule) => [rule.IsEgress, rule.FromPort])).toEqual([
      [true, -1],
      [false, 81],
    ]);
  });

  it('are at most 60 a direction, IPv4 and IPv6 counted apart', () => {
    const cloud = new CloudModel();
    const { group } = sampleVpc(cloud);
    const many = Array.from({ length: 60 }, (_, index) => tcp(index + 1));
    cloud.call('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: many });
    const six = { IpProtocol: 'tcp', FromPort: 1, ToPort: 1, Ipv6Ranges: [{ CidrIpv6: '::/0' }] };
    cloud.call('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: [six] });
    expect(cloud.refusal('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: [tcp(61)] })).toContain(
      'RulesPerSecurityGroupLimitExceeded',
    );
  });

  it('of the default group let its members reach one another', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const eni = makeInterface(cloud, subnet);
    const [made] = cloud.call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [eni] }).NetworkInterfaces ?? [];
    const [worn] = made?.Groups ?? [];
    expect(worn?.GroupName).toBe('default');
    const [group] = cloud.call('DescribeSecurityGroups', { GroupIds: [worn?.GroupId ?? ''] }).SecurityGroups ?? [];
    expect(group?.IpPermissions).toMatchObject([{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: worn?.GroupId }] }]);
  });

  it('change in place: the id stays, the kind of peer too', () => {
    const cloud = new CloudModel();
    const { group } = sampleVpc(cloud);
    const { SecurityGroupRules: made } = cloud.call('AuthorizeSecurityGroupIngress', {
      GroupId: group,
      IpPermissions: [tcp(80)],
    });
    const SecurityGroupRuleId = made?.[0]?.SecurityGroupRuleId ?? '';
    const change = (SecurityGroupRule: object) => ({
      GroupId: group,
      SecurityGroupRules: [
        {
          SecurityGroupRuleId,
          SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 81, ToPort: 81, ...SecurityGroupRule },
        },
      ],
    });
    cloud.call('ModifySecurityGroupRules', change({ CidrIpv4: '10.2.0.0/16', Description: 'new' }));
    const [rule] =
      cloud.call('DescribeSecurityGroupRules', { SecurityGroupRuleIds: [SecurityGroupRuleId] }).SecurityGroupRules ??
      [];
    expect(rule).toMatchObject({ FromPort: 81, CidrIpv4: '10.2.0.0/16', Description: 'new' });
    expect(cloud.refusal('ModifySecurityGroupRules', change({ CidrIpv6: '::/0' }))).toBe(
      `InvalidParameterValue: Invalid rule type for security group rule '${SecurityGroupRuleId}'. You may not specify CidrIpv6 for an existing IPv4 CIDR rule.`,
    );
    const permission = { ...tcp(81, '10.2.0.0/16'), IpRanges: [{ CidrIp: '10.2.0.0/16' }] };
    cloud.call('UpdateSecurityGroupRuleDescriptionsIngress', { GroupId: group, IpPermissions: [permission] });
    const [cleared] =
      cloud.call('DescribeSecurityGroupRules', { SecurityGroupRuleIds: [SecurityGroupRuleId] }).SecurityGroupRules ??
      [];
    expect(cleared?.Description).toBeUndefined();
  });
});
