/**
 * EC2's answers as values of the port. In the SDK's types everything is optional; here what must be there is asked for,
 * and an answer without it is an error that names the field.
 */
import type {
  GroupIdentifier,
  Instance,
  InstanceTypeInfo,
  NetworkInterface,
  SecurityGroup,
  SecurityGroupRule as SdkRule,
  Subnet,
  Tag,
  TrunkInterfaceAssociation,
} from '@aws-sdk/client-ec2';

import { CodedError } from '../core/errors/coded-error.ts';
import type { ReportedInstanceType } from '../core/limits/instance-limits.ts';
import type { RulePeer, SecurityGroupRule } from '../core/vpc/model.ts';
import type { Ec2Instance, Ec2Interface, Ec2SecurityGroup, Ec2Subnet, Ec2TrunkAssociation } from './port.ts';

export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new CodedError('ec2-answer-invalid', { detail: `${field} is missing` });
  return value;
}

const present = <T>(values: readonly (T | undefined)[] | undefined): readonly T[] =>
  (values ?? []).filter((value) => value !== undefined);

const tagsOf = (tags: readonly Tag[] | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((tags ?? []).map(({ Key, Value }) => [required(Key, 'Tag.Key'), Value ?? '']));

export const readInstance = (answer: Instance): Ec2Instance => ({
  id: required(answer.InstanceId, 'Instance.InstanceId'),
  type: required(answer.InstanceType, 'Instance.InstanceType'),
  zone: required(answer.Placement?.AvailabilityZone, 'Instance.Placement.AvailabilityZone'),
  // A terminated instance, visible for an hour, has neither any more.
  vpc: answer.VpcId ?? '',
  subnet: answer.SubnetId ?? '',
  state: required(answer.State?.Name, 'Instance.State.Name'),
});

export function readInstanceType({ NetworkInfo, Hypervisor }: InstanceTypeInfo): ReportedInstanceType {
  const cards = required(NetworkInfo?.NetworkCards, 'InstanceType.NetworkInfo.NetworkCards');
  return {
    interfacesByCard: cards
      .toSorted((a, b) => (a.NetworkCardIndex ?? 0) - (b.NetworkCardIndex ?? 0))
      .map(({ MaximumNetworkInterfaces }) =>
        required(MaximumNetworkInterfaces, 'NetworkCards[].MaximumNetworkInterfaces'),
      ),
    addressesPerInterface: required(NetworkInfo?.Ipv4AddressesPerInterface, 'NetworkInfo.Ipv4AddressesPerInterface'),
    ...(Hypervisor !== undefined && { hypervisor: Hypervisor }),
  };
}

export const readSubnet = (answer: Subnet): Ec2Subnet => ({
  id: required(answer.SubnetId, 'Subnet.SubnetId'),
  vpc: required(answer.VpcId, 'Subnet.VpcId'),
  zone: required(answer.AvailabilityZone, 'Subnet.AvailabilityZone'),
  cidr: required(answer.CidrBlock, 'Subnet.CidrBlock'),
  freeAddresses: required(answer.AvailableIpAddressCount, 'Subnet.AvailableIpAddressCount'),
  tags: tagsOf(answer.Tags),
});

export function readInterface(answer: NetworkInterface): Ec2Interface {
  const attachment = answer.Attachment;
  return {
    id: required(answer.NetworkInterfaceId, 'NetworkInterface.NetworkInterfaceId'),
    mac: required(answer.MacAddress, 'NetworkInterface.MacAddress').toLowerCase(),
    subnet: required(answer.SubnetId, 'NetworkInterface.SubnetId'),
    vpc: required(answer.VpcId, 'NetworkInterface.VpcId'),
    status: required(answer.Status, 'NetworkInterface.Status'),
    interfaceType: required(answer.InterfaceType, 'NetworkInterface.InterfaceType'),
    groups: present(answer.Groups).map((group: GroupIdentifier) =>
      required(group.GroupId, 'NetworkInterface.Groups[].GroupId'),
    ),
    primaryAddress: answer.PrivateIpAddress ?? '',
    addresses: present(answer.PrivateIpAddresses)
      .filter(({ Primary }) => Primary !== true)
      .map(({ PrivateIpAddress }) =>
        required(PrivateIpAddress, 'NetworkInterface.PrivateIpAddresses[].PrivateIpAddress'),
      ),
    prefixes: present(answer.Ipv4Prefixes).map(({ Ipv4Prefix }) =>
      required(Ipv4Prefix, 'NetworkInterface.Ipv4Prefixes[].Ipv4Prefix'),
    ),
    tags: tagsOf(answer.TagSet),
    ...(attachment !== undefined && {
      attachment: {
        id: required(attachment.AttachmentId, 'NetworkInterface.Attachment.AttachmentId'),
        // Load balancers and the like attach theirs to no instance of ours: each stands for itself.
        instance:
          attachment.InstanceId ?? required(attachment.AttachmentId, 'NetworkInterface.Attachment.AttachmentId'),
        deviceIndex: required(attachment.DeviceIndex, 'NetworkInterface.Attachment.DeviceIndex'),
        card: attachment.NetworkCardIndex ?? 0,
        status: required(attachment.Status, 'NetworkInterface.Attachment.Status'),
        deleteOnTermination: attachment.DeleteOnTermination ?? false,
      },
    }),
  };
}

export const readTrunkAssociation = (answer: TrunkInterfaceAssociation): Ec2TrunkAssociation => ({
  id: required(answer.AssociationId, 'InterfaceAssociation.AssociationId'),
  trunk: required(answer.TrunkInterfaceId, 'InterfaceAssociation.TrunkInterfaceId'),
  branch: required(answer.BranchInterfaceId, 'InterfaceAssociation.BranchInterfaceId'),
  vlan: required(answer.VlanId, 'InterfaceAssociation.VlanId'),
});

/** @param rules all that were read; those of other groups are left out. */
export function readSecurityGroup(answer: SecurityGroup, rules: readonly SdkRule[]): Ec2SecurityGroup {
  const id = required(answer.GroupId, 'SecurityGroup.GroupId');
  const nameTag = tagsOf(answer.Tags)['Name'];
  return {
    id,
    vpc: required(answer.VpcId, 'SecurityGroup.VpcId'),
    groupName: required(answer.GroupName, 'SecurityGroup.GroupName'),
    // A tag without a value names nothing.
    ...(nameTag !== undefined && nameTag !== '' && { nameTag }),
    rules: rules
      .filter((rule) => rule.GroupId === id)
      .map(readRule)
      .sort((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id))),
  };
}

export function readRule(answer: SdkRule): SecurityGroupRule {
  const protocol = required(answer.IpProtocol, 'SecurityGroupRule.IpProtocol');
  // DescribeSecurityGroupRules gives −1 and −1 where there are no ports, DescribeSecurityGroups nothing.
  const ports = protocol === '-1' ? {} : { fromPort: answer.FromPort, toPort: answer.ToPort };
  return {
    id: required(answer.SecurityGroupRuleId, 'SecurityGroupRule.SecurityGroupRuleId'),
    direction: required(answer.IsEgress, 'SecurityGroupRule.IsEgress') ? 'egress' : 'ingress',
    protocol,
    ...(ports.fromPort !== undefined && { fromPort: ports.fromPort }),
    ...(ports.toPort !== undefined && { toPort: ports.toPort }),
    peer: readPeer(answer),
    ...(answer.Description !== undefined && answer.Description !== '' && { description: answer.Description }),
  };
}

function readPeer(answer: SdkRule): RulePeer {
  const cidr = answer.CidrIpv4 ?? answer.CidrIpv6;
  if (cidr !== undefined) return { kind: 'cidr', cidr };
  if (answer.PrefixListId !== undefined) return { kind: 'prefixList', prefixList: answer.PrefixListId };
  return {
    kind: 'group',
    group: required(answer.ReferencedGroupInfo?.GroupId, 'SecurityGroupRule without a peer: GroupId'),
  };
}
