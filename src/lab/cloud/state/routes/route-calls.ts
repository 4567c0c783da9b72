/** CreateRoute, ReplaceRoute, DeleteRoute. */
import type {
  CreateRouteRequest,
  CreateRouteResult,
  DeleteRouteRequest,
  ReplaceRouteRequest,
} from '@aws-sdk/client-ec2';

import {
  type Prefix,
  containsPrefix,
  formatPrefix,
  isPrefix4,
  parsePrefix4Loosely,
  parsePrefix6Loosely,
  prefix6,
} from '../../../../core/address/prefix.ts';
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
  const range = readDestination(request);
  const destination = formatPrefix(range);
  if (!table.routes.some((each) => each.destination === destination)) {
    throw new Ec2Error(
      'InvalidRoute.NotFound',
      `no route with ${isPrefix4(range) ? 'destination-cidr-block' : 'destination-ipv6-cidr-block'} ${destination} in route table ${table.id}`,
    );
  }
  draft.put('routeTables', { ...table, routes: table.routes.filter((each) => each.destination !== destination) });
  return {};
}

interface Destination {
  readonly DestinationCidrBlock?: string | undefined;
  readonly DestinationIpv6CidrBlock?: string | undefined;
}

/** In EC2's form, of either family. */
function readDestination({ DestinationCidrBlock: four, DestinationIpv6CidrBlock: six }: Destination): Prefix {
  if (four !== undefined && six !== undefined) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'The parameter destinationCidrBlock cannot be used with the parameter destinationIpv6CidrBlock',
    );
  }
  const text = four ?? six;
  if (text === undefined) {
    throw new Ec2Error('UnsupportedOperation', "The lab's cloud models routes to ranges only.");
  }
  const parsed = six === undefined ? parsePrefix4Loosely(text) : parsePrefix6Loosely(text);
  if (!parsed.ok) {
    const parameter = six === undefined ? 'destinationCidrBlock' : 'destinationIpv6CidrBlock';
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
    );
  }
  return parsed.value;
}

function readRoute(draft: Draft, request: CreateRouteRequest, table: RouteTableEntity): RouteEntity {
  const range = readDestination(request);
  const destination = formatPrefix(range);
  const { cidrs, cidrs6 = [] } = required(draft, 'vpc', table.vpc);
  // The local routes of the VPC always win, so EC2 takes no other of the same range or of a part of it.
  const local = [...cidrs.map(({ cidr }) => cidr), ...cidrs6.map(({ cidr }) => prefix6(cidr))];
  if (local.some((own) => containsPrefix(own, range))) {
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
  if (request.NatGatewayId !== undefined) {
    if (!isPrefix4(range)) {
      throw new Ec2Error('UnsupportedOperation', "The lab's cloud does not model NAT gateways for IPv6.");
    }
    const gateway = required(draft, 'natGateway', request.NatGatewayId);
    if (gateway.vpc !== table.vpc) {
      throw new Ec2Error(
        'InvalidParameterValue',
        `route table ${table.id} and nat gateway ${gateway.id} belong to different networks`,
      );
    }
    return { destination, target: { kind: 'natGateway', id: gateway.id } };
  }
  if (request.NetworkInterfaceId !== undefined) {
    const target = required(draft, 'interface', request.NetworkInterfaceId);
    return { destination, target: { kind: 'interface', id: target.id } };
  }
  throw new Ec2Error(
    'UnsupportedOperation',
    "The lab's cloud models routes to internet gateways, NAT gateways and network interfaces only.",
  );
}
