/** DescribeAvailabilityZones and DescribeRegions: one region, as many zones as the context says. */
import type {
  DescribeAvailabilityZonesRequest,
  DescribeAvailabilityZonesResult,
  DescribeRegionsRequest,
  DescribeRegionsResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';

/** `us-west-2a` is `usw2-az1` to every account of the lab. */
export function zoneId(zone: string): string {
  const parts = /^([a-z]+)-([a-z])[a-z]*-(\d)([a-z])$/.exec(zone);
  if (parts === null) return zone;
  const [, area = '', direction = '', number = '', letter = 'a'] = parts;
  return `${area}${direction}${number}-az${letter.charCodeAt(0) - 'a'.charCodeAt(0) + 1}`;
}

export function describeAvailabilityZones(
  _view: View,
  request: DescribeAvailabilityZonesRequest,
  context: CallContext,
): DescribeAvailabilityZonesResult {
  const { region } = context;
  const zones = context.zones.map((name) => ({ name, id: zoneId(name), tags: {} }));
  const { ZoneNames: names, ZoneIds: ids } = request;
  for (const name of names ?? []) if (!zones.some((zone) => zone.name === name)) throw unknownZone(name);
  for (const id of ids ?? []) if (!zones.some((zone) => zone.id === id)) throw unknownZone(id);
  const found = applyFilters(zones, request.Filters, {
    'group-name': () => [`${region}-zg-1`],
    message: () => [],
    'opt-in-status': () => ['opt-in-not-required'],
    'region-name': () => [region],
    state: () => ['available'],
    'zone-id': (zone) => [zone.id],
    'zone-name': (zone) => [zone.name],
    'zone-type': () => ['availability-zone'],
  });
  return {
    AvailabilityZones: found
      .filter((zone) => names?.includes(zone.name) !== false && ids?.includes(zone.id) !== false)
      .map((zone) => ({
        State: 'available',
        OptInStatus: 'opt-in-not-required',
        Messages: [],
        RegionName: region,
        ZoneName: zone.name,
        ZoneId: zone.id,
        GroupName: `${region}-zg-1`,
        NetworkBorderGroup: region,
        ZoneType: 'availability-zone',
      })),
  };
}

const unknownZone = (zone: string): Ec2Error =>
  new Ec2Error('InvalidParameterValue', `Invalid availability zone: [${zone}]`);

export function describeRegions(
  _view: View,
  request: DescribeRegionsRequest,
  { region }: CallContext,
): DescribeRegionsResult {
  const endpoint = `ec2.${region}.amazonaws.com`;
  const unknown = (request.RegionNames ?? []).filter((name) => name !== region);
  if (unknown.length > 0) {
    throw new Ec2Error('InvalidParameterValue', `Invalid region(s): ${unknown.join(', ')}`);
  }
  const found = applyFilters([{ tags: {} }], request.Filters, {
    endpoint: () => [endpoint],
    'opt-in-status': () => ['opt-in-not-required'],
    'region-name': () => [region],
  });
  return {
    Regions: found.map(() => ({ RegionName: region, Endpoint: endpoint, OptInStatus: 'opt-in-not-required' })),
  };
}
