/** What has an id of its own: which table holds it, and EC2's words when it is not there or not an id. */
import { Ec2Error } from './ec2-error.ts';
import type { Draft, View } from './draft.ts';
import type { TableName, Tables, Tags } from './tables.ts';

interface Kind {
  readonly table: Exclude<TableName, 'permissions' | 'tokens' | 'counters'>;
  readonly prefix: string;
  /** As `ResourceType` in tag specifications and DescribeTags. */
  readonly tagType: string;
  readonly notFound: string;
  readonly malformed: string;
  /** In "The X ID 'id' does not exist". */
  readonly noun: string;
}

export const kinds = {
  vpc: {
    table: 'vpcs',
    prefix: 'vpc',
    tagType: 'vpc',
    notFound: 'InvalidVpcID.NotFound',
    malformed: 'InvalidVpcID.Malformed',
    noun: 'vpc',
  },
  subnet: {
    table: 'subnets',
    prefix: 'subnet',
    tagType: 'subnet',
    notFound: 'InvalidSubnetID.NotFound',
    malformed: 'InvalidSubnetID.Malformed',
    noun: 'subnet',
  },
  group: {
    table: 'groups',
    prefix: 'sg',
    tagType: 'security-group',
    notFound: 'InvalidGroup.NotFound',
    malformed: 'InvalidGroupId.Malformed',
    noun: 'security group',
  },
  interface: {
    table: 'interfaces',
    prefix: 'eni',
    tagType: 'network-interface',
    notFound: 'InvalidNetworkInterfaceID.NotFound',
    malformed: 'InvalidNetworkInterfaceId.Malformed',
    noun: 'networkInterface',
  },
  instance: {
    table: 'instances',
    prefix: 'i',
    tagType: 'instance',
    notFound: 'InvalidInstanceID.NotFound',
    malformed: 'InvalidInstanceID.Malformed',
    noun: 'instance',
  },
  prefixList: {
    table: 'prefixLists',
    prefix: 'pl',
    tagType: 'prefix-list',
    notFound: 'InvalidPrefixListID.NotFound',
    malformed: 'InvalidPrefixListId.Malformed',
    noun: 'prefix list',
  },
  routeTable: {
    table: 'routeTables',
    prefix: 'rtb',
    tagType: 'route-table',
    notFound: 'InvalidRouteTableID.NotFound',
    malformed: 'InvalidRouteTableId.Malformed',
    noun: 'routeTable',
  },
  internetGateway: {
    table: 'internetGateways',
    prefix: 'igw',
    tagType: 'internet-gateway',
    notFound: 'InvalidInternetGatewayID.NotFound',
    malformed: 'InvalidInternetGatewayId.Malformed',
    noun: 'internetGateway',
  },
  elasticAddress: {
    table: 'elasticAddresses',
    prefix: 'eipalloc',
    tagType: 'elastic-ip',
    notFound: 'InvalidAllocationID.NotFound',
    malformed: 'InvalidAllocationID.Malformed',
    noun: 'allocation',
  },
  natGateway: {
    table: 'natGateways',
    prefix: 'nat',
    tagType: 'natgateway',
    notFound: 'NatGatewayNotFound',
    malformed: 'NatGatewayMalformed',
    noun: 'natGateway',
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof kinds;
type EntityOf<K extends KindName> = Tables[(typeof kinds)[K]['table']];

/** Long ids have 17 hexadecimal digits, old ones 8. */
export const isId = (prefix: string, id: string): boolean =>
  id.startsWith(`${prefix}-`) && /^(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(id.slice(prefix.length + 1));

export function mustBeId(name: KindName, id: string): void {
  const { prefix, malformed } = kinds[name];
  if (!isId(prefix, id)) throw new Ec2Error(malformed, `Invalid id: "${id}" (expecting "${prefix}-...")`);
}

export function notFound(name: KindName, ids: readonly string[]): Ec2Error {
  const { notFound: code, noun } = kinds[name];
  // EC2 says "The security group 'sg-…'", but "The vpc ID 'vpc-…'".
  const [one, many] = name === 'group' ? [noun, `${noun}s`] : [`${noun} ID`, `${noun} IDs`];
  const text =
    ids.length === 1 ? `The ${one} '${ids[0]}' does not exist` : `The ${many} '${ids.join(', ')}' do not exist`;
  return new Ec2Error(code, text);
}

/** The one with this id, or EC2's refusal. */
export function required<K extends KindName>(view: View, name: K, id: string): EntityOf<K> {
  mustBeId(name, id);
  const found = view.get(kinds[name].table, id);
  if (found === undefined) throw notFound(name, [id]);
  return found as EntityOf<K>;
}

/** All of them, or those with these ids: one unknown id refuses the whole call. */
export function listed<K extends KindName>(
  view: View,
  name: K,
  ids: readonly string[] | undefined,
): readonly EntityOf<K>[] {
  if (ids === undefined || ids.length === 0) return [...view.all(kinds[name].table)] as EntityOf<K>[];
  for (const id of ids) mustBeId(name, id);
  const wanted = [...new Set(ids)];
  const missing = wanted.filter((id) => view.get(kinds[name].table, id) === undefined);
  if (missing.length > 0) throw notFound(name, missing);
  return wanted.map((id) => view.get(kinds[name].table, id) as EntityOf<K>);
}

/** Of the resource with this id, whatever it is; undefined when the id's form is of no kind that the lab has. */
export const kindOfId = (id: string): KindName | undefined =>
  (Object.keys(kinds) as KindName[]).find((name) => isId(kinds[name].prefix, id));

/** Rewrites the tags of a resource. */
export function putTags(draft: Draft, name: KindName, id: string, change: (tags: Tags) => Tags): void {
  const { table } = kinds[name];
  const entity = required(draft, name, id);
  draft.put(table, { ...entity, tags: change(entity.tags) });
}
