import { describe, expect, it } from 'vitest';

import { CloudModel, sampleVpc } from '../../testing/cloud-model.ts';

const routesOf = (cloud: CloudModel, id: string) =>
  cloud
    .call('DescribeRouteTables', { RouteTableIds: [id] })
    .RouteTables?.[0]?.Routes?.map(({ DestinationCidrBlock, GatewayId, State }) => [
      DestinationCidrBlock,
      GatewayId,
      State,
    ]);

describe('a route table', () => {
  it('has a local route for every range of its VPC', () => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    const [main] =
      cloud.call('DescribeRouteTables', { Filters: [{ Name: 'association.main', Values: ['true'] }] }).RouteTables ??
      [];
    cloud.call('AssociateVpcCidrBlock', { VpcId: vpc, CidrBlock: '100.64.0.0/16' });
    expect(routesOf(cloud, main?.RouteTableId ?? '')).toEqual([
      ['10.0.0.0/16', 'local', 'active'],
      ['100.64.0.0/16', 'local', 'active'],
    ]);
  });

  it('sends IPv6 to an internet gateway, beside the local route of its range', () => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    cloud.call('AssociateVpcCidrBlock', { VpcId: vpc, AmazonProvidedIpv6CidrBlock: true });
    const table = cloud.call('CreateRouteTable', { VpcId: vpc }).RouteTable?.RouteTableId ?? '';
    const gateway = cloud.call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId ?? '';
    cloud.call('AttachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
    const where = { RouteTableId: table, DestinationIpv6CidrBlock: '::/0' };
    cloud.call('CreateRoute', { ...where, GatewayId: gateway });
    const targets = () =>
      cloud
        .call('DescribeRouteTables', { RouteTableIds: [table] })
        .RouteTables?.[0]?.Routes?.map(({ DestinationIpv6CidrBlock: six, GatewayId }) => [six, GatewayId]);
    expect(targets()).toEqual([
      [undefined, 'local'],
      ['2001:db8:1::/56', 'local'],
      ['::/0', gateway],
    ]);
    cloud.call('DeleteRoute', where);
    expect(cloud.refusal('DeleteRoute', where)).toBe(
      `InvalidRoute.NotFound: no route with destination-ipv6-cidr-block ::/0 in route table ${table}`,
    );
    const local = { ...where, DestinationIpv6CidrBlock: '2001:db8:1::/64', GatewayId: gateway };
    expect(cloud.refusal('CreateRoute', local)).toContain('InvalidParameterValue: The destination CIDR block ');
  });

  it('keeps a route as a black hole when its gateway is detached', () => {
    const cloud = new CloudModel();
    const { vpc, subnet } = sampleVpc(cloud);
    const table = cloud.call('CreateRouteTable', { VpcId: vpc }).RouteTable?.RouteTableId ?? '';
    const gateway = cloud.call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId ?? '';
    const route = { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway };
    expect(cloud.refusal('CreateRoute', route)).toContain('InvalidParameterValue: ');
    cloud.call('AttachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
    cloud.call('CreateRoute', route);
    expect(cloud.refusal('CreateRoute', route)).toBe(
      'RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists.',
    );
    cloud.call('AssociateRouteTable', { RouteTableId: table, SubnetId: subnet });
    expect(cloud.refusal('DeleteRouteTable', { RouteTableId: table })).toContain('DependencyViolation: ');
    cloud.call('DetachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
    expect(routesOf(cloud, table)?.[1]).toEqual(['0.0.0.0/0', gateway, 'blackhole']);
    cloud.call('DeleteSubnet', { SubnetId: subnet });
    cloud.call('DeleteRouteTable', { RouteTableId: table });
  });

  it('becomes the main one by replacing the main association', () => {
    const cloud = new CloudModel();
    const { vpc } = sampleVpc(cloud);
    const table = cloud.call('CreateRouteTable', { VpcId: vpc }).RouteTable?.RouteTableId ?? '';
    const mains = () =>
      cloud.call('DescribeRouteTables', { Filters: [{ Name: 'association.main', Values: ['true'] }] }).RouteTables ??
      [];
    const AssociationId = mains()[0]?.Associations?.[0]?.RouteTableAssociationId ?? '';
    cloud.call('ReplaceRouteTableAssociation', { AssociationId, RouteTableId: table });
    expect(mains().map(({ RouteTableId }) => RouteTableId)).toEqual([table]);
  });
});

describe('a trunk', () => {
  it('is refused as to an account that EC2 has not admitted to them', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    expect(cloud.refusal('CreateNetworkInterface', { SubnetId: subnet, InterfaceType: 'trunk' })).toBe(
      "InvalidParameterValue: Invalid value 'trunk' for InterfaceType. Allowed values are ('EFA')",
    );
    expect(cloud.call('DescribeTrunkInterfaceAssociations', {}).InterfaceAssociations).toEqual([]);
  });
});
