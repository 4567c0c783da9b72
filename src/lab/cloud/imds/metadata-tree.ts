/**
 * What an instance's metadata service shows, from the cloud's state. Pure. A leaf that has nothing to say is absent, and
 * so answers 404, never an empty body.
 */
import { formatIpv4 } from '../../../core/address/ipv4.ts';
import { type Prefix4, formatPrefix4 } from '../../../core/address/prefix.ts';
import type { View } from '../state/draft.ts';
import { architectureOf, metadataOptionsOf } from '../state/instances/answer-instance.ts';
import { privateDnsName } from '../state/interfaces/answer-interface.ts';
import type { InstanceEntity, InterfaceEntity, SubnetEntity, VpcEntity } from '../state/tables.ts';
import { zoneId } from '../state/vpc/zone-calls.ts';
import { roleOf } from './credentials.ts';

/** A text, or a folder of them. */
export type Node = string | { readonly [name: string]: Node };

export interface TreeContext {
  readonly region: string;
  readonly account: string;
  /** Of the instance's role; JSON as the service gives it. */
  readonly credentials: (role: string) => string;
}

const lines = (values: readonly string[]): string => values.join('\n');

/** Drops what is undefined or empty. */
const folder = (entries: Readonly<Record<string, Node | undefined>>): Node =>
  Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, Node] => entry[1] !== undefined && entry[1] !== ''),
  );

export function metadataTree(view: View, instance: InstanceEntity, context: TreeContext): Node {
  const interfaces = [...view.all('interfaces')].filter(({ attachment }) => attachment?.instance === instance.id);
  const primary = interfaces.find(({ attachment }) => attachment?.deviceIndex === 0 && attachment.card === 0);
  const address = primary?.addresses[0];
  const { region, account } = context;
  const hostname = instance.privateDnsName;
  return {
    'meta-data': folder({
      'ami-id': instance.image,
      'ami-launch-index': String(instance.launchIndex),
      hostname,
      iam: iamFolder(instance, context),
      'instance-action': 'none',
      'instance-id': instance.id,
      'instance-life-cycle': 'on-demand',
      'instance-type': instance.type,
      'local-hostname': hostname,
      'local-ipv4': address === undefined ? undefined : formatIpv4(address),
      mac: primary?.mac,
      network: { interfaces: { macs: macsFolder(view, interfaces, context) } },
      placement: {
        'availability-zone': instance.zone,
        'availability-zone-id': zoneId(instance.zone),
        region,
      },
      profile: 'default-hvm',
      'reservation-id': instance.reservation,
      'security-groups': lines(groupNames(view, primary?.groups ?? [])),
      services: { domain: 'amazonaws.com', partition: 'aws' },
      system: 'nitro',
      tags: metadataOptionsOf(instance).tags === 'enabled' ? folder({ instance: folder(instance.tags) }) : undefined,
    }),
    dynamic: {
      'instance-identity': {
        document: JSON.stringify(
          {
            accountId: account,
            architecture: architectureOf(instance.type),
            availabilityZone: instance.zone,
            billingProducts: null,
            devpayProductCodes: null,
            marketplaceProductCodes: null,
            imageId: instance.image,
            instanceId: instance.id,
            instanceType: instance.type,
            kernelId: null,
            pendingTime: new Date(instance.launchedAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
            privateIp: address === undefined ? null : formatIpv4(address),
            ramdiskId: null,
            region,
            version: '2017-09-30',
          },
          null,
          2,
        ),
      },
    },
    ...(instance.userData !== undefined && { 'user-data': Buffer.from(instance.userData, 'base64').toString('utf8') }),
  };
}

const groupNames = (view: View, groups: readonly string[]): readonly string[] =>
  groups.map((id) => view.get('groups', id)?.name ?? id);

function macsFolder(view: View, interfaces: readonly InterfaceEntity[], context: TreeContext): Node {
  const shown = interfaces.filter(({ attachment }) => attachment?.status === 'attached');
  return Object.fromEntries(shown.map((each) => [each.mac, macFolder(view, each, context)]));
}

const ranges6 = (holder: SubnetEntity | VpcEntity | undefined): string =>
  lines((holder?.cidrs6 ?? []).filter(({ state }) => state === 'associated').map(({ cidr }) => cidr));

function macFolder(view: View, entity: InterfaceEntity, { region, account }: TreeContext): Node {
  const [primary] = entity.addresses;
  const subnet = view.get('subnets', entity.subnet);
  const ranges = (view.get('vpcs', entity.vpc)?.cidrs ?? [])
    .filter(({ state }) => state === 'associated')
    .map(({ cidr }) => formatPrefix4(cidr));
  const cidrOf = (cidr: Prefix4 | undefined): string | undefined =>
    cidr === undefined ? undefined : formatPrefix4(cidr);
  return folder({
    'device-number': String(entity.attachment?.deviceIndex ?? 0),
    'interface-id': entity.id,
    // Without those of its prefixes.
    'local-ipv4s': lines(entity.addresses.map(formatIpv4)),
    'ipv4-prefix': lines(entity.prefixes.map(formatPrefix4)),
    ipv6s: lines(entity.addresses6 ?? []),
    'ipv6-prefix': lines(entity.prefixes6 ?? []),
    'local-hostname': primary === undefined ? undefined : privateDnsName(primary, region),
    mac: entity.mac,
    'network-card': String(entity.attachment?.card ?? 0),
    'owner-id': account,
    'security-group-ids': lines(entity.groups),
    'security-groups': lines(groupNames(view, entity.groups)),
    'subnet-id': entity.subnet,
    'subnet-ipv4-cidr-block': cidrOf(subnet?.cidr),
    'subnet-ipv6-cidr-blocks': ranges6(subnet),
    'vpc-id': entity.vpc,
    'vpc-ipv4-cidr-block': ranges[0],
    'vpc-ipv4-cidr-blocks': lines(ranges),
    'vpc-ipv6-cidr-blocks': ranges6(view.get('vpcs', entity.vpc)),
  });
}

function iamFolder(instance: InstanceEntity, { account, credentials }: TreeContext): Node | undefined {
  const role = roleOf(instance);
  if (role === undefined) return undefined;
  return {
    info: JSON.stringify({
      Code: 'Success',
      LastUpdated: new Date(instance.launchedAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
      InstanceProfileArn: `arn:aws:iam::${account}:instance-profile/${role}`,
      InstanceProfileId: 'AIPALABLABLABLABLABLA',
    }),
    'security-credentials': { [role]: credentials(role) },
  };
}

/** What a path answers: a leaf's text, or a folder's names, one a line, folders with a slash; undefined is 404. */
export function lookUp(tree: Node, path: string): string | undefined {
  let at: Node = tree;
  for (const part of path.split('/').filter((each) => each !== '')) {
    if (typeof at === 'string' || !Object.hasOwn(at, part)) return undefined;
    const next = at[part];
    if (next === undefined) return undefined;
    at = next;
  }
  if (typeof at === 'string') return at;
  const names = Object.entries(at).map(([name, node]) => (typeof node === 'string' ? name : `${name}/`));
  return names.length === 0 ? undefined : lines(names);
}
