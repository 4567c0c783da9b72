/** DescribeInstanceStatus, DescribeInstanceTypeOfferings, DescribeAccountAttributes. */
import type {
  DescribeAccountAttributesRequest,
  DescribeAccountAttributesResult,
  DescribeInstanceStatusRequest,
  DescribeInstanceStatusResult,
  DescribeInstanceTypeOfferingsRequest,
  DescribeInstanceTypeOfferingsResult,
} from '@aws-sdk/client-ec2';

import { instanceLimitRows } from '../../../../core/limits/instance-limits.gen.ts';
import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { listed } from '../resource-kinds.ts';
import { zoneId } from '../vpc/zone-calls.ts';
import { stateOf } from './answer-instance.ts';

export function describeInstanceStatus(
  view: View,
  request: DescribeInstanceStatusRequest,
): DescribeInstanceStatusResult {
  const wanted = listed(view, 'instance', request.InstanceIds).filter(
    ({ state }) => request.IncludeAllInstances === true || state === 'running',
  );
  const found = applyFilters(wanted, request.Filters, {
    'availability-zone': ({ zone }) => [zone],
    'availability-zone-id': ({ zone }) => [zoneId(zone)],
    'instance-state-code': ({ state }) => [stateOf(state).Code],
    'instance-state-name': ({ state }) => [state],
    'instance-status.status': () => ['ok'],
    'instance-status.reachability': () => ['passed'],
    'system-status.status': () => ['ok'],
    'system-status.reachability': () => ['passed'],
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: ({ id }) => id,
    exclusive: { name: 'instancesSet', ids: request.InstanceIds },
  });
  const summary = { Status: 'ok', Details: [{ Name: 'reachability', Status: 'passed' }] } as const;
  const unknown = { Status: 'not-applicable', Details: [] } as const;
  return {
    NextToken: nextToken,
    InstanceStatuses: page.map(({ id, zone, state }) => ({
      InstanceId: id,
      AvailabilityZone: zone,
      AvailabilityZoneId: zoneId(zone),
      InstanceState: stateOf(state),
      InstanceStatus: state === 'running' ? { ...summary, Details: [...summary.Details] } : { ...unknown, Details: [] },
      SystemStatus: state === 'running' ? { ...summary, Details: [...summary.Details] } : { ...unknown, Details: [] },
    })),
  };
}

export function describeInstanceTypeOfferings(
  _view: View,
  request: DescribeInstanceTypeOfferingsRequest,
  context: CallContext,
): DescribeInstanceTypeOfferingsResult {
  const where = request.LocationType ?? 'region';
  const locations =
    where === 'region'
      ? [context.region]
      : where === 'availability-zone'
        ? context.zones
        : where === 'availability-zone-id'
          ? context.zones.map(zoneId)
          : undefined;
  if (locations === undefined) {
    throw new Ec2Error('InvalidParameterValue', `Value (${where}) for parameter locationType is invalid.`);
  }
  const rows = Object.keys(instanceLimitRows).flatMap((type) =>
    locations.map((location) => ({ type, location, tags: {} })),
  );
  const found = applyFilters(rows, request.Filters, {
    'instance-type': ({ type }) => [type],
    location: ({ location }) => [location],
  });
  const { page, nextToken } = paginate(found, { request, idOf: ({ type, location }) => `${type}/${location}` });
  return {
    NextToken: nextToken,
    InstanceTypeOfferings: page.map(({ type, location }) => ({
      InstanceType: type as never,
      LocationType: where,
      Location: location,
    })),
  };
}

export function describeAccountAttributes(
  _view: View,
  request: DescribeAccountAttributesRequest,
  context: CallContext,
): DescribeAccountAttributesResult {
  const attributes: Readonly<Record<string, string>> = {
    'supported-platforms': 'VPC',
    'default-vpc': 'none',
    'max-instances': '20',
    'vpc-max-security-groups-per-interface': String(context.quotas.groupsPerInterface),
    'max-elastic-ips': '5',
    'vpc-max-elastic-ips': '5',
  };
  const names = request.AttributeNames ?? [];
  const unknown = names.find((name) => !Object.hasOwn(attributes, name));
  if (unknown !== undefined) {
    throw new Ec2Error('InvalidParameterValue', `Value (${unknown}) for parameter attributeName is invalid.`);
  }
  return {
    AccountAttributes: Object.entries(attributes)
      .filter(([name]) => names.length === 0 || names.some((each) => each === name))
      .map(([AttributeName, AttributeValue]) => ({ AttributeName, AttributeValues: [{ AttributeValue }] })),
  };
}
