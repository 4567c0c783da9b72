/** An interface as EC2 answers it, on its own and within its instance. */
import type { GroupIdentifier, InstanceNetworkInterface, NetworkInterface } from '@aws-sdk/client-ec2';

import { type Ipv4, formatIpv4 } from '../../../../core/address/ipv4.ts';
import { formatPrefix4 } from '../../../../core/address/prefix.ts';
import { answerAssociation, answerInstanceAssociation, publicAddressOf } from '../addresses/describe-addresses.ts';
import type { CallContext } from '../context.ts';
import type { View } from '../draft.ts';
import type { ElasticAddressEntity, InterfaceEntity } from '../tables.ts';
import { answerTags } from '../tags/tags.ts';
import { zoneId } from '../vpc/zone-calls.ts';

/** Of private names. */
export const domainOf = (region: string): string =>
  region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;

export const privateDnsName = (address: Ipv4, region: string): string =>
  `ip-${formatIpv4(address).replaceAll('.', '-')}.${domainOf(region)}`;

/** In use from the call that attaches it until its detachment has settled; what is under way, the attachment says. */
export const interfaceStatus = ({ attachment, trunk }: InterfaceEntity) =>
  attachment === undefined && trunk === undefined ? 'available' : 'in-use';

export const requesterOf = ({ account }: CallContext): string => `AIDALAB${account}`;

export const answerGroups = (view: View, groups: readonly string[]): GroupIdentifier[] =>
  groups.map((id) => ({ GroupId: id, GroupName: view.get('groups', id)?.name }));

export function answerInterface(view: View, entity: InterfaceEntity, context: CallContext): NetworkInterface {
  const { attachment } = entity;
  const [primary] = entity.addresses;
  return {
    NetworkInterfaceId: entity.id,
    SubnetId: entity.subnet,
    VpcId: entity.vpc,
    AvailabilityZone: entity.zone,
    AvailabilityZoneId: zoneId(entity.zone),
    Description: entity.description,
    OwnerId: context.account,
    RequesterId: requesterOf(context),
    RequesterManaged: false,
    Status: interfaceStatus(entity),
    MacAddress: entity.mac,
    PrivateIpAddress: primary === undefined ? undefined : formatIpv4(primary),
    PrivateDnsName: primary === undefined ? undefined : privateDnsName(primary, context.region),
    SourceDestCheck: entity.sourceDestCheck,
    Groups: answerGroups(view, entity.groups),
    ...(attachment !== undefined && {
      Attachment: {
        AttachmentId: attachment.id,
        InstanceId: attachment.instance,
        InstanceOwnerId: context.account,
        DeviceIndex: attachment.deviceIndex,
        NetworkCardIndex: attachment.card,
        Status: attachment.status,
        AttachTime: new Date(attachment.attachedAtMs),
        DeleteOnTermination: attachment.deleteOnTermination,
      },
    }),
    TagSet: answerTags(entity.tags),
    ...answerAssociation(publicAddressOf(view, entity.id, primary), context),
    PrivateIpAddresses: answerAddresses(view, entity, context, answerAssociation),
    ...(entity.prefixes.length > 0 && {
      Ipv4Prefixes: entity.prefixes.map((prefix) => ({ Ipv4Prefix: formatPrefix4(prefix) })),
    }),
    ...answerAddresses6(entity),
    InterfaceType: entity.type,
    Operator: { Managed: false },
  };
}

const answerAddresses6 = ({ addresses6 = [], prefixes6 = [] }: InterfaceEntity) => ({
  Ipv6Addresses: addresses6.map((text) => ({ Ipv6Address: text, IsPrimaryIpv6: false })),
  ...(prefixes6.length > 0 && { Ipv6Prefixes: prefixes6.map((text) => ({ Ipv6Prefix: text })) }),
});

const answerAddresses = <A extends object>(
  view: View,
  entity: InterfaceEntity,
  context: CallContext,
  association: (found: ElasticAddressEntity | undefined, context: CallContext) => A,
) =>
  entity.addresses.map((address, index) => ({
    PrivateIpAddress: formatIpv4(address),
    PrivateDnsName: privateDnsName(address, context.region),
    Primary: index === 0,
    ...association(publicAddressOf(view, entity.id, address), context),
  }));

export function answerInstanceInterface(
  view: View,
  entity: InterfaceEntity,
  context: CallContext,
): InstanceNetworkInterface {
  const { attachment } = entity;
  const [primary] = entity.addresses;
  return {
    NetworkInterfaceId: entity.id,
    SubnetId: entity.subnet,
    VpcId: entity.vpc,
    Description: entity.description,
    OwnerId: context.account,
    Status: 'in-use',
    MacAddress: entity.mac,
    PrivateIpAddress: primary === undefined ? undefined : formatIpv4(primary),
    PrivateDnsName: primary === undefined ? undefined : privateDnsName(primary, context.region),
    SourceDestCheck: entity.sourceDestCheck,
    Groups: answerGroups(view, entity.groups),
    ...(attachment !== undefined && {
      Attachment: {
        AttachmentId: attachment.id,
        DeviceIndex: attachment.deviceIndex,
        NetworkCardIndex: attachment.card,
        Status: attachment.status,
        AttachTime: new Date(attachment.attachedAtMs),
        DeleteOnTermination: attachment.deleteOnTermination,
      },
    }),
    ...answerInstanceAssociation(publicAddressOf(view, entity.id, primary), context),
    PrivateIpAddresses: answerAddresses(view, entity, context, answerInstanceAssociation),
    ...(entity.prefixes.length > 0 && {
      Ipv4Prefixes: entity.prefixes.map((prefix) => ({ Ipv4Prefix: formatPrefix4(prefix) })),
    }),
    ...answerAddresses6(entity),
    InterfaceType: entity.type,
    Operator: { Managed: false },
  };
}
