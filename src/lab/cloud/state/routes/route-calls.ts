/** CreateRoute, ReplaceRoute, DeleteRoute. */
import type {
  CreateRouteRequest,
  CreateRouteResult,
  DeleteRouteRequest,
  ReplaceRouteRequest,
} from '@aws-sdk/client-ec2';

import { containsPrefix, formatPrefix4, parsePrefix4Loosely } from '../../../../core/address/prefix.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import type { RouteEntity, RouteTableEntity } from '../tables.ts';

const ROUTES_PER_TABLE = 50;

export function createRoute(draft: Draft, request: CreateRouteRequest): CreateRouteResult {
  const table = required(draft, 'routeTable', request.RouteTableId ?? '');
  const route = readRoute(draft, request, table);
  if (table.routes.some((each) => each.destination === route.destination)) {
    throw new Ec2Error('RouteAlreadyExists', `The route identified by ${route.destination} already exists.`);
  }
  if (table.routes.length >= ROUTES_PER_TABLE) {
    throw new Ec2Error('RouteLimitExceeded', 'The maximum number of routes has been reached.');
  }
  draft.put('routeTables', { ...table, routes: [...table.routes, route] });
  return { Return: true };
}

export function replaceRoute(draft: Draft, request: ReplaceRouteRequest): object {
  const table = required(draft, 'routeTable', request.RouteTableId ?? '');
  const route = readRoute(draft, request, table);
  if (!table.routes.some((each) => each.destination === route.destination)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `There is no route defined for '${route.destination}' in the route table. Use CreateRoute instead.`,
    );
  }
  const routes = table.routes.map((each) => (each.destination === route.destination ? route : each));
  draft.put('routeTables', { ...table, routes });
  return {};
}

export function deleteRoute(draft: Draft, request: DeleteRouteRequest): object {
  const table = required(draft, 'routeTable', request.RouteTableId ?? '');
  const destination = readDestination(request.DestinationCidrBlock);
  if (!table.routes.some((each) => each.destination === destination)) {
    throw new Ec2Error(
      'InvalidRoute.NotFound',
      `no route with destination-cidr-block ${destination} in route table ${table.id}`,
    );
  }
  draft.put('routeTables', { ...table, routes: table.routes.filter((each) => each.destination !== destination) });
  return {};
}

function readDestination(text: string | undefined): string {
  if (text === undefined) {
    throw new Ec2Error('UnsupportedOperation', "The lab's cloud models routes to ranges of IPv4 only.");
  }
  const parsed = parsePrefix4Loosely(text);
  if (!parsed.ok) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value (${text}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`,
    );
  }
  return formatPrefix4(parsed.value);
}

function readRoute(draft: Draft, request: CreateRouteRequest, table: RouteTableEntity): RouteEntity {
  const destination = readDestination(request.DestinationCidrBlock);
  const parsed = parsePrefix4Loosely(destination);
  const vpc = required(draft, 'vpc', table.vpc);
  // The local routes of the VPC always win, so EC2 takes no other of the same range or of a part of it.
  const local = vpc.cidrs.some(({ cidr }) => parsed.ok && containsPrefix(cidr, parsed.value));
  if (local) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
    );
  }
  if (request.GatewayId !== undefined) {
    const gateway = required(draft, 'internetGateway', request.GatewayId);
    if (gateway.vpc !== table.vpc) {
      throw new Ec2Error(
        'InvalidParameterValue',
        `route table ${table.id} and network gateway ${gateway.id} belong to different networks`,
      );
    }
    return { destination, target: { kind: 'gateway', id: gateway.id } };
  }
  if (request.NetworkInterfaceId !== undefined) {
    const target = required(draft, 'interface', request.NetworkInterfaceId);
    return { destination, target: { kind: 'interface', id: target.id } };
  }
  throw new Ec2Error(
    'UnsupportedOperation',
    "The lab's cloud models routes to internet gateways and network interfaces only.",
  );
}
