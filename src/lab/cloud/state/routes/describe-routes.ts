/** DescribeRouteTables. */
import type { DescribeRouteTablesRequest, DescribeRouteTablesResult, Route, RouteTable } from '@aws-sdk/client-ec2';

import { formatPrefix4 } from '../../../../core/address/prefix.ts';
import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { View } from '../draft.ts';
import { listed } from '../resource-kinds.ts';
import type { RouteEntity, RouteTableEntity } from '../tables.ts';
import { answerTags } from '../tags/tags.ts';

export function describeRouteTables(
  view: View,
  request: DescribeRouteTablesRequest,
  context: CallContext,
): DescribeRouteTablesResult {
  const routes = (table: RouteTableEntity) => answerRoutes(view, table, context);
  const none = (): readonly string[] => [];
  const found = applyFilters(listed(view, 'routeTable', request.RouteTableIds), request.Filters, {
    'association.gateway-id': none,
    'association.route-table-association-id': (table) => table.associations.map(({ id }) => id),
    'association.route-table-id': (table) => table.associations.map(() => table.id),
    'association.subnet-id': (table) => table.associations.map(({ subnet }) => subnet),
    'association.main': (table) => table.associations.map(({ subnet }) => subnet === undefined),
    'owner-id': () => [context.account],
    'route-table-id': (table) => [table.id],
    'vpc-id': (table) => [table.vpc],
    'route.destination-cidr-block': (table) => routes(table).map((route) => route.DestinationCidrBlock),
    'route.destination-ipv6-cidr-block': (table) => routes(table).map((route) => route.DestinationIpv6CidrBlock),
    'route.destination-prefix-list-id': none,
    'route.egress-only-internet-gateway-id': none,
    'route.gateway-id': (table) => routes(table).map((route) => route.GatewayId),
    'route.instance-id': (table) => routes(table).map((route) => route.InstanceId),
    'route.nat-gateway-id': (table) => routes(table).map((route) => route.NatGatewayId),
    'route.transit-gateway-id': none,
    'route.origin': (table) => routes(table).map((route) => route.Origin),
    'route.state': (table) => routes(table).map((route) => route.State),
    'route.vpc-peering-connection-id': none,
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: (table) => table.id,
    exclusive: { name: 'routeTableIdSet', ids: request.RouteTableIds },
    most: 100,
  });
  return { NextToken: nextToken, RouteTables: page.map((table) => answerRouteTable(view, table, context)) };
}

export const answerRouteTable = (view: View, table: RouteTableEntity, context: CallContext): RouteTable => ({
  RouteTableId: table.id,
  VpcId: table.vpc,
  OwnerId: context.account,
  Routes: answerRoutes(view, table, context),
  Associations: table.associations.map(({ id, subnet }) => ({
    RouteTableAssociationId: id,
    RouteTableId: table.id,
    SubnetId: subnet,
    Main: subnet === undefined,
    AssociationState: { State: 'associated' },
  })),
  PropagatingVgws: [],
  Tags: answerTags(table.tags),
});

/** One local route for each range of the VPC, then those that were made. */
function answerRoutes(view: View, table: RouteTableEntity, context: CallContext): Route[] {
  const { cidrs = [], cidrs6 = [] } = view.get('vpcs', table.vpc) ?? {};
  const isThere = ({ state }: { readonly state: string }): boolean => state === 'associated';
  const local = [
    ...cidrs.filter(isThere).map(({ cidr }) => ({ DestinationCidrBlock: formatPrefix4(cidr) })),
    ...cidrs6.filter(isThere).map(({ cidr }) => ({ DestinationIpv6CidrBlock: cidr })),
  ].map((destination): Route => ({
    ...destination,
    GatewayId: 'local',
    Origin: 'CreateRouteTable',
    State: 'active',
  }));
  return [...local, ...table.routes.map((route) => answerRoute(view, route, context))];
}

/** A route whose target has gone stays and is a black hole. */
function answerRoute(view: View, { destination, target }: RouteEntity, context: CallContext): Route {
  const route = {
    ...(destination.includes(':') ? { DestinationIpv6CidrBlock: destination } : { DestinationCidrBlock: destination }),
    Origin: 'CreateRoute',
  } as const;
  if (target.kind === 'gateway') {
    const active = view.get('internetGateways', target.id)?.vpc !== undefined;
    return { ...route, GatewayId: target.id, State: active ? 'active' : 'blackhole' };
  }
  if (target.kind === 'natGateway') {
    const active = view.get('natGateways', target.id)?.state === 'available';
    return { ...route, NatGatewayId: target.id, State: active ? 'active' : 'blackhole' };
  }
  const attachment = view.get('interfaces', target.id)?.attachment;
  return {
    ...route,
    NetworkInterfaceId: target.id,
    ...(attachment !== undefined && { InstanceId: attachment.instance, InstanceOwnerId: context.account }),
    State: attachment === undefined ? 'blackhole' : 'active',
  };
}
