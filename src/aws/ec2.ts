/**
 * The `Ec2` port over @aws-sdk/client-ec2: pages, validation, our error codes, and verbs that are harmless to repeat
 * after a lost answer. It decides nothing and remembers nothing; retries and their budget are the caller's.
 */
import {
  AssignPrivateIpAddressesCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  DescribeInstanceTypesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DetachNetworkInterfaceCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  type _InstanceType,
} from '@aws-sdk/client-ec2';

import { attachInterface, unassignAddresses } from './change.ts';
import { describeGroups, describeInstances, describeInterfaces, describeTrunkAssociations } from './describe.ts';
import { coded, ec2CodeOf, isCoded, unlessGone } from './ec2-error.ts';
import { allPages } from './pages.ts';
import type { Ec2 } from './port.ts';
import { describePrefixLists, prefixListEntries } from './prefix-lists.ts';
import { readInstanceType, readInterface, readSubnet, required } from './read-answer.ts';

export function createEc2(client: EC2Client): Ec2 {
  return {
    instances: (ids) => coded('DescribeInstances', () => describeInstances(client, ids)),

    instanceType: (type) =>
      coded('DescribeInstanceTypes', async () => {
        const { InstanceTypes } = await client.send(
          new DescribeInstanceTypesCommand({ InstanceTypes: [type as _InstanceType] }),
        );
        return readInstanceType(required(InstanceTypes?.[0], 'InstanceTypes[0]'));
      }).catch((error: unknown) => {
        if (isCoded(error, 'ec2-refused') && ec2CodeOf(error) === 'InvalidInstanceType') return undefined;
        throw error;
      }),

    vpcCidrs: (vpc) =>
      coded('DescribeVpcs', async () => {
        const { Vpcs } = await client.send(new DescribeVpcsCommand({ VpcIds: [vpc] }));
        const answer = required(Vpcs?.[0], 'Vpcs[0]');
        const primary = required(answer.CidrBlock, 'Vpc.CidrBlock');
        const others = (answer.CidrBlockAssociationSet ?? [])
          .filter(({ CidrBlockState }) => CidrBlockState?.State === 'associated')
          .map(({ CidrBlock }) => required(CidrBlock, 'Vpc.CidrBlockAssociationSet[].CidrBlock'));
        return [...new Set([primary, ...others])];
      }),

    subnets: (vpc) =>
      coded('DescribeSubnets', async () => {
        const Filters = [{ Name: 'vpc-id', Values: [vpc] }];
        const found = await allPages({
          page: (NextToken) => client.send(new DescribeSubnetsCommand({ Filters, MaxResults: 1000, NextToken })),
          items: ({ Subnets }) => Subnets,
        });
        return found.map(readSubnet);
      }),

    interfaces: (filter) => coded('DescribeNetworkInterfaces', () => describeInterfaces(client, filter)),

    trunkAssociations: (ids) => describeTrunkAssociations(client, ids),

    securityGroups: (vpc) => coded('DescribeSecurityGroups', () => describeGroups(client, vpc)),

    prefixLists: (ids) => coded('DescribeManagedPrefixLists', () => describePrefixLists(client, ids)),

    prefixListEntries: (request) => coded('GetManagedPrefixListEntries', () => prefixListEntries(client, request)),

    createInterface: ({ subnet, groups, description, tags, clientToken, secondaryAddresses }) =>
      coded('CreateNetworkInterface', async () => {
        const { NetworkInterface } = await client.send(
          new CreateNetworkInterfaceCommand({
            SubnetId: subnet,
            Groups: [...groups],
            Description: description,
            ClientToken: clientToken,
            ...(secondaryAddresses > 0 && { SecondaryPrivateIpAddressCount: secondaryAddresses }),
            // EC2 refuses a specification without a tag.
            ...(Object.keys(tags).length > 0 && {
              TagSpecifications: [
                {
                  ResourceType: 'network-interface',
                  Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
                },
              ],
            }),
          }),
        );
        return readInterface(required(NetworkInterface, 'NetworkInterface'));
      }),

    attachInterface: (request) => attachInterface(client, request),

    setDeleteOnTermination: (request) =>
      coded('ModifyNetworkInterfaceAttribute', async () => {
        await client.send(
          new ModifyNetworkInterfaceAttributeCommand({
            NetworkInterfaceId: request.interface,
            Attachment: { AttachmentId: request.attachment, DeleteOnTermination: true },
          }),
        );
      }),

    // After a lost answer a repetition assigns more than was asked for: whoever reads the interface again sees them.
    assignAddresses: (request) =>
      coded('AssignPrivateIpAddresses', async () => {
        const { AssignedPrivateIpAddresses } = await client.send(
          new AssignPrivateIpAddressesCommand({
            NetworkInterfaceId: request.interface,
            SecondaryPrivateIpAddressCount: request.count,
          }),
        );
        return required(AssignedPrivateIpAddresses, 'AssignedPrivateIpAddresses').map(({ PrivateIpAddress }) =>
          required(PrivateIpAddress, 'AssignedPrivateIpAddresses[].PrivateIpAddress'),
        );
      }),

    unassignAddresses: (request) => unassignAddresses(client, request),

    detachInterface: ({ attachment }) =>
      unlessGone('DetachNetworkInterface', async () => {
        await client.send(new DetachNetworkInterfaceCommand({ AttachmentId: attachment }));
      }),

    deleteInterface: (request) =>
      unlessGone('DeleteNetworkInterface', async () => {
        await client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: request.interface }));
      }),
  };
}
