import { describe, expect, it } from 'vitest';

import { CloudModel, makeInterface, runInstance, sampleVpc } from '../../testing/cloud-model.ts';

function withGateway(): {
  readonly cloud: CloudModel;
  readonly vpc: string;
  readonly subnet: string;
  readonly gateway: string;
} {
  const cloud = new CloudModel();
  const { vpc, subnet } = sampleVpc(cloud);
  const gateway = cloud.call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId ?? '';
  cloud.call('AttachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
  return { cloud, vpc, subnet, gateway };
}
const allocate = (cloud: CloudModel): string => cloud.call('AllocateAddress', {}).AllocationId ?? '';

describe('an elastic address', () => {
  it('is shown by its interface and its instance while it is mapped', () => {
    const { cloud, subnet } = withGateway();
    const instance = runInstance(cloud, subnet);
    const AllocationId = allocate(cloud);
    const { AssociationId } = cloud.call('AssociateAddress', { AllocationId, InstanceId: instance });
    const shown = () => {
      const [found] = cloud.call('DescribeInstances', {}).Reservations?.[0]?.Instances ?? [];
      const [eni] = cloud.call('DescribeNetworkInterfaces', {}).NetworkInterfaces ?? [];
      return [
        found?.PublicIpAddress,
        eni?.Association?.AssociationId,
        eni?.PrivateIpAddresses?.[0]?.Association?.PublicIp,
      ];
    };
    expect(shown()).toEqual(['203.0.113.128', AssociationId, '203.0.113.128']);
    expect(cloud.call('DescribeAddresses', {}).Addresses?.[0]).toMatchObject({ InstanceId: instance, AllocationId });
    expect(cloud.refusal('ReleaseAddress', { AllocationId })).toBe(
      'InvalidIPAddress.InUse: Address 203.0.113.128 is in use.',
    );
    cloud.call('DisassociateAddress', { AssociationId });
    expect(shown()).toEqual([undefined, undefined, undefined]);
    cloud.call('ReleaseAddress', { AllocationId });
    expect(cloud.call('DescribeAddresses', {}).Addresses).toEqual([]);
  });

  it('is free again when what it was mapped to goes', () => {
    const { cloud, subnet, vpc, gateway } = withGateway();
    const eni = makeInterface(cloud, subnet);
    const AllocationId = allocate(cloud);
    cloud.call('AssociateAddress', { AllocationId, NetworkInterfaceId: eni });
    expect(cloud.refusal('DetachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc })).toContain(
      'DependencyViolation',
    );
    cloud.call('DeleteNetworkInterface', { NetworkInterfaceId: eni });
    expect(cloud.call('DescribeAddresses', {}).Addresses?.[0]?.AssociationId).toBeUndefined();
    cloud.call('DetachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
  });

  it('moves unless that is not wanted', () => {
    const { cloud, subnet } = withGateway();
    const [one, two] = [makeInterface(cloud, subnet), makeInterface(cloud, subnet)];
    const AllocationId = allocate(cloud);
    cloud.call('AssociateAddress', { AllocationId, NetworkInterfaceId: one });
    const move = { AllocationId, NetworkInterfaceId: two };
    expect(cloud.refusal('AssociateAddress', { ...move, AllowReassociation: false })).toContain(
      'Resource.AlreadyAssociated',
    );
    cloud.call('AssociateAddress', move);
    expect(cloud.call('DescribeAddresses', {}).Addresses?.[0]?.NetworkInterfaceId).toBe(two);
  });

  it('needs an internet gateway, and is one of five', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const [AllocationId = ''] = Array.from({ length: 5 }, () => allocate(cloud));
    expect(cloud.refusal('AllocateAddress', {})).toContain('AddressLimitExceeded');
    const NetworkInterfaceId = makeInterface(cloud, subnet);
    expect(cloud.refusal('AssociateAddress', { AllocationId, NetworkInterfaceId })).toContain('Gateway.NotAttached');
    expect(cloud.refusal('DescribeAddresses', { PublicIps: ['192.0.2.1'] })).toBe(
      "InvalidAddress.NotFound: Address '192.0.2.1' not found.",
    );
  });
});

describe('a NAT gateway', () => {
  it('takes an address of its subnet and an elastic one until it is deleted', () => {
    const { cloud, subnet } = withGateway();
    const AllocationId = allocate(cloud);
    const free = () => cloud.call('DescribeSubnets', {}).Subnets?.[0]?.AvailableIpAddressCount;
    const before = free() ?? 0;
    const { NatGateway: made } = cloud.call('CreateNatGateway', { SubnetId: subnet, AllocationId });
    expect(made).toMatchObject({
      State: 'pending',
      NatGatewayAddresses: [{ PrivateIp: '10.0.0.4', PublicIp: '203.0.113.128' }],
    });
    expect(free()).toBe(before - 1);
    expect(cloud.refusal('CreateNatGateway', { SubnetId: subnet, AllocationId })).toContain(
      'Resource.AlreadyAssociated',
    );
    expect(cloud.refusal('DeleteSubnet', { SubnetId: subnet })).toContain('DependencyViolation');
    cloud.call('DeleteNatGateway', { NatGatewayId: made?.NatGatewayId ?? '' });
    expect(cloud.call('DescribeNatGateways', {}).NatGateways?.[0]?.State).toBe('deleted');
    expect(free()).toBe(before);
    cloud.call('ReleaseAddress', { AllocationId });
    cloud.passTime(3_600_000);
    expect(cloud.call('DescribeNatGateways', {}).NatGateways).toEqual([]);
  });

  it('is what a route leads to while it is available', () => {
    const { cloud, vpc, subnet } = withGateway();
    const { NatGateway: made } = cloud.call('CreateNatGateway', { SubnetId: subnet, AllocationId: allocate(cloud) });
    const NatGatewayId = made?.NatGatewayId ?? '';
    const table = cloud.call('CreateRouteTable', { VpcId: vpc }).RouteTable?.RouteTableId ?? '';
    cloud.call('CreateRoute', { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0', NatGatewayId });
    const route = () => {
      const [found] = cloud.call('DescribeRouteTables', { RouteTableIds: [table] }).RouteTables ?? [];
      return [found?.Routes?.[1]?.NatGatewayId, found?.Routes?.[1]?.State];
    };
    expect(route()).toEqual([NatGatewayId, 'active']);
    cloud.call('DeleteNatGateway', { NatGatewayId });
    expect(route()).toEqual([NatGatewayId, 'blackhole']);
  });
});
