/** An interface as EC2 answers it, on its own and within its instance. */
import type { GroupIdentifier, InstanceNetworkInterface, NetworkInterface } from '@aws-sdk/client-ec2';

import { type Ipv4, formatIpv4 } from '../../../../core/address/ipv4.ts';
import { formatPrefix4 } from '../../../../core/address/prefix.ts';
import type { CallContext } from '../context.ts';
import type { View } from '../draft.ts';
import type { InterfaceEntity } from '../tables.ts';
import { answerTags } from '../tags/tags.ts';
import { zoneId } from '../vpc/zone-calls.ts';

export function privateDnsName(address: Ipv4, region: string): string {
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  return `ip-${formatIpv4(address).replaceAll('.', '-')}.${domain}`;
}

/** In use from the call that attaches it until its detachment has settled; what is under way, the attachment says. */
export const interfaceStatus = ({ attachment }: InterfaceEntity) => (attachment === undefined ? 'available' : 'in-use');

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
    PrivateIpAddresses: answerAddresses(entity, context),
    ...(entity.prefixes.length > 0 && {
      Ipv4Prefixes: entity.prefixes.map((prefix) => ({ Ipv4Prefix: formatPrefix4(prefix) })),
    }),
    Ipv6Addresses: [],
    InterfaceType: entity.type,
    Operator: { Managed: false },
  };
}

const answerAddresses = (entity: InterfaceEntity, { region }: CallContext) =>
  entity.addresses.map((address, index) => ({
    PrivateIpAddress: formatIpv4(address),
    PrivateDnsName: privateDnsName(address, region),
    Primary: index === 0,
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
    PrivateIpAddresses: answerAddresses(entity, context),
    ...(entity.prefixes.length > 0 && {
      Ipv4Prefixes: entity.prefixes.map((prefix) => ({ Ipv4Prefix: formatPrefix4(prefix) })),
    }),
    Ipv6Addresses: [],
    InterfaceType: entity.type,
    Operator: { Managed: false },
  };
}
