import { describe, expect, it } from 'vitest';

import { CloudModel, makeInterface, runInstance, sampleVpc } from '../../testing/cloud-model.ts';

const describeOne = (cloud: CloudModel, id: string) =>
  cloud.call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [id] }).NetworkInterfaces?.[0];

describe('a network interface', () => {
  it('takes the lowest free addresses after the four that are EC2’s own', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const { NetworkInterface: made } = cloud.call('CreateNetworkInterface', {
      SubnetId: subnet,
      SecondaryPrivateIpAddressCount: 2,
    });
    expect(made).toMatchObject({
      Status: 'pending',
      PrivateDnsName: 'ip-10-0-0-4.us-west-2.compute.internal',
      PrivateIpAddresses: [
        { PrivateIpAddress: '10.0.0.4', Primary: true },
        { PrivateIpAddress: '10.0.0.5', Primary: false },
        { PrivateIpAddress: '10.0.0.6', Primary: false },
      ],
    });
    expect(describeOne(cloud, made?.NetworkInterfaceId ?? '')?.Status).toBe('available');
    const [free] = cloud.call('DescribeSubnets', { SubnetIds: [subnet] }).Subnets ?? [];
    expect(free?.AvailableIpAddressCount).toBe(251 - 3);
  });

  it.each([
    ['10.0.0.3', "InvalidParameterValue: Address 10.0.0.3 is in subnet's reserved address range"],
    ['10.0.0.255', "InvalidParameterValue: Address 10.0.0.255 is in subnet's reserved address range"],
    ['10.0.1.9', "InvalidParameterValue: Address does not fall within the subnet's address range"],
    ['10.0.0.4', 'InvalidIPAddress.InUse: Address 10.0.0.4 is in use.'],
    ['10.0.0.010', 'InvalidParameterValue: invalid value for parameter address: 10.0.0.010'],
  ])('cannot have %s', (address, refusal) => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    makeInterface(cloud, subnet);
    expect(cloud.refusal('CreateNetworkInterface', { SubnetId: subnet, PrivateIpAddress: address })).toBe(refusal);
  });

  it('is the same one when the client token is the same, and nothing else may differ', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const request = { SubnetId: subnet, ClientToken: 'once' };
    const first = cloud.call('CreateNetworkInterface', request).NetworkInterface?.NetworkInterfaceId;
    expect(cloud.call('CreateNetworkInterface', request).NetworkInterface?.NetworkInterfaceId).toBe(first);
    expect(cloud.refusal('CreateNetworkInterface', { ...request, Description: 'other' })).toContain(
      'IdempotentParameterMismatch: ',
    );
  });

  it('wears at most five groups', () => {
    const cloud = new CloudModel();
    const { vpc, subnet } = sampleVpc(cloud);
    const Groups = Array.from(
      { length: 6 },
      (_, index) =>
        cloud.call('CreateSecurityGroup', { VpcId: vpc, GroupName: `g${index}`, Description: 'd' }).GroupId ?? '',
    );
    expect(cloud.refusal('CreateNetworkInterface', { SubnetId: subnet, Groups })).toBe(
      'SecurityGroupsPerInterfaceLimitExceeded: The maximum number of security groups per interface has been reached.',
    );
  });

  it('changes one attribute a call', () => {
    const cloud = new CloudModel();
    const { subnet, group } = sampleVpc(cloud);
    const eni = makeInterface(cloud, subnet);
    cloud.call('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: eni, Groups: [group] });
    expect(describeOne(cloud, eni)?.Groups).toEqual([{ GroupId: group, GroupName: 'web' }]);
    expect(
      cloud.refusal('ModifyNetworkInterfaceAttribute', {
        NetworkInterfaceId: eni,
        Groups: [group],
        Description: { Value: 'x' },
      }),
    ).toBe('InvalidParameterCombination: Fields for multiple attribute types specified');
  });
});

describe('attachment', () => {
  it('goes through its states in the time that it takes', () => {
    const cloud = new CloudModel({ settlingMs: { attach: 2000, detach: 5000 } });
    const { subnet } = sampleVpc(cloud);
    const instance = runInstance(cloud, subnet);
    const eni = makeInterface(cloud, subnet);
    const { AttachmentId = '' } = cloud.call('AttachNetworkInterface', {
      NetworkInterfaceId: eni,
      InstanceId: instance,
      DeviceIndex: 1,
    });
    const states = () => [describeOne(cloud, eni)?.Status, describeOne(cloud, eni)?.Attachment?.Status];
    expect(states()).toEqual(['in-use', 'attaching']);
    cloud.passTime(2000);
    expect(states()).toEqual(['in-use', 'attached']);
    cloud.call('DetachNetworkInterface', { AttachmentId });
    expect(states()).toEqual(['in-use', 'detaching']);
    expect(cloud.refusal('DeleteNetworkInterface', { NetworkInterfaceId: eni })).toBe(
      `InvalidParameterValue: Network interface '${eni}' is currently in use.`,
    );
    cloud.passTime(5000);
    expect(states()).toEqual(['available', undefined]);
    cloud.call('DeleteNetworkInterface', { NetworkInterfaceId: eni });
  });

  it('obeys the limit of the instance type and never uses an index twice', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const instance = runInstance(cloud, subnet, 'm5.large');
    const attach = (DeviceIndex: number) => ({
      NetworkInterfaceId: makeInterface(cloud, subnet),
      InstanceId: instance,
      DeviceIndex,
    });
    cloud.call('AttachNetworkInterface', attach(1));
    expect(cloud.refusal('AttachNetworkInterface', attach(1))).toBe(
      `InvalidParameterValue: Instance '${instance}' already has an interface attached at device index '1'.`,
    );
    cloud.call('AttachNetworkInterface', attach(2));
    expect(cloud.refusal('AttachNetworkInterface', attach(3))).toBe(
      'AttachmentLimitExceeded: Interface count 4 exceeds the limit for m5.large',
    );
  });

  it('of the primary interface cannot be undone', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    runInstance(cloud, subnet);
    const [primary] = cloud.call('DescribeNetworkInterfaces', {}).NetworkInterfaces ?? [];
    expect(
      cloud.refusal('DetachNetworkInterface', { AttachmentId: primary?.Attachment?.AttachmentId ?? '' }),
    ).toContain('OperationNotPermitted: ');
  });
});

describe('addresses', () => {
  it('fill an interface to its limit, the primary one counted, and no further', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    runInstance(cloud, subnet, 'm5.large');
    const [primary] = cloud.call('DescribeNetworkInterfaces', {}).NetworkInterfaces ?? [];
    const NetworkInterfaceId = primary?.NetworkInterfaceId ?? '';
    const assign = (SecondaryPrivateIpAddressCount: number) => ({ NetworkInterfaceId, SecondaryPrivateIpAddressCount });
    expect(cloud.refusal('AssignPrivateIpAddresses', assign(10))).toBe(
      'PrivateIpAddressLimitExceeded: Number of private addresses will exceed limit.',
    );
    const { AssignedPrivateIpAddresses: assigned } = cloud.call('AssignPrivateIpAddresses', assign(9));
    expect(assigned).toHaveLength(9);
    expect(cloud.refusal('AssignPrivateIpAddresses', assign(1))).toContain('PrivateIpAddressLimitExceeded');
  });

  it('are given back whole or not at all', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const NetworkInterfaceId = makeInterface(cloud, subnet);
    cloud.call('AssignPrivateIpAddresses', { NetworkInterfaceId, PrivateIpAddresses: ['10.0.0.20', '10.0.0.21'] });
    expect(
      cloud.refusal('UnassignPrivateIpAddresses', {
        NetworkInterfaceId,
        PrivateIpAddresses: ['10.0.0.20', '10.0.0.22'],
      }),
    ).toBe(
      `InvalidParameterValue: Some of the specified addresses are not assigned to interface ${NetworkInterfaceId}`,
    );
    cloud.call('UnassignPrivateIpAddresses', { NetworkInterfaceId, PrivateIpAddresses: ['10.0.0.20', '10.0.0.21'] });
    expect(describeOne(cloud, NetworkInterfaceId)?.PrivateIpAddresses).toHaveLength(1);
  });

  it('move between interfaces only where reassignment is asked for', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const [from, to] = [makeInterface(cloud, subnet), makeInterface(cloud, subnet)];
    const moved = { NetworkInterfaceId: to, PrivateIpAddresses: ['10.0.0.20'] };
    cloud.call('AssignPrivateIpAddresses', { ...moved, NetworkInterfaceId: from });
    expect(cloud.refusal('AssignPrivateIpAddresses', moved)).toContain('InvalidParameterValue: ');
    cloud.call('AssignPrivateIpAddresses', { ...moved, AllowReassignment: true });
    expect(describeOne(cloud, from)?.PrivateIpAddresses).toHaveLength(1);
  });

  it('as /28 prefixes count sixteen in the subnet and one on the interface', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud, '10.0.0.0/26');
    const NetworkInterfaceId = makeInterface(cloud, subnet);
    const { AssignedIpv4Prefixes: prefixes } = cloud.call('AssignPrivateIpAddresses', {
      NetworkInterfaceId,
      Ipv4PrefixCount: 2,
    });
    expect(prefixes?.map((each) => each.Ipv4Prefix)).toEqual(['10.0.0.32/28', '10.0.0.16/28']);
    const [free] = cloud.call('DescribeSubnets', { SubnetIds: [subnet] }).Subnets ?? [];
    expect(free?.AvailableIpAddressCount).toBe(64 - 5 - 1 - 32);
    // 26 addresses are free, but no aligned block of sixteen.
    expect(cloud.refusal('AssignPrivateIpAddresses', { NetworkInterfaceId, Ipv4PrefixCount: 1 })).toContain(
      'InsufficientCidrBlocks: ',
    );
    expect(cloud.refusal('AssignPrivateIpAddresses', { NetworkInterfaceId, Ipv4PrefixCount: 2 })).toBe(
      "InvalidParameterValue: There aren't sufficient free Ipv4 addresses or prefixes",
    );
  });

  it('run out with a code of their own', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud, '10.0.0.0/28');
    cloud.call('CreateNetworkInterface', { SubnetId: subnet, SecondaryPrivateIpAddressCount: 10 });
    expect(cloud.refusal('CreateNetworkInterface', { SubnetId: subnet })).toContain(
      'InsufficientFreeAddressesInSubnet: ',
    );
  });
});

describe('a permission', () => {
  it('is kept with its interface, and forgotten with it', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const NetworkInterfaceId = makeInterface(cloud, subnet);
    const grant = { NetworkInterfaceId, AwsAccountId: '444455556666', Permission: 'INSTANCE-ATTACH' } as const;
    const { InterfacePermission: made } = cloud.call('CreateNetworkInterfacePermission', grant);
    const listed = () => cloud.call('DescribeNetworkInterfacePermissions', {}).NetworkInterfacePermissions;
    expect(listed()).toEqual([made]);
    cloud.call('DeleteNetworkInterface', { NetworkInterfaceId });
    expect(listed()).toEqual([]);
  });
});
