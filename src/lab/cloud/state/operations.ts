/** Every call that the lab models, and the transition that answers it. */
import type { OperationName } from '../model/operation-names.ts';
import type { CallContext } from './context.ts';
import type { Draft } from './draft.ts';
import { allocateAddress, associateAddress, disassociateAddress, releaseAddress } from './addresses/address-calls.ts';
import { describeAddresses } from './addresses/describe-addresses.ts';
import { describeSecurityGroupRules, describeSecurityGroups } from './groups/describe-groups.ts';
import { createSecurityGroup, deleteSecurityGroup } from './groups/group-calls.ts';
import { modifySecurityGroupRules, updateDescriptions } from './groups/modify-rules.ts';
import {
  describeSecurityGroupReferences,
  describeStaleSecurityGroups,
  getSecurityGroupsForVpc,
} from './groups/related-groups.ts';
import { authorize, revoke } from './groups/rule-calls.ts';
import {
  describeInstanceAttribute,
  modifyInstanceAttribute,
  modifyInstanceMetadataOptions,
} from './instances/attribute-calls.ts';
import { describeInstances, terminateInstances } from './instances/instance-calls.ts';
import {
  describeAccountAttributes,
  describeInstanceStatus,
  describeInstanceTypeOfferings,
} from './instances/instance-status.ts';
import { describeInstanceTypes } from './instances/instance-types.ts';
import { runInstances } from './instances/run-instances.ts';
import { assignIpv6Addresses, unassignIpv6Addresses } from './interfaces/address6-calls.ts';
import { assignPrivateIpAddresses, unassignPrivateIpAddresses } from './interfaces/address-calls.ts';
import { attachNetworkInterface, detachNetworkInterface } from './interfaces/attachment-calls.ts';
import { describeNetworkInterfaces } from './interfaces/describe-interfaces.ts';
import { describeNetworkInterfaceAttribute } from './interfaces/interface-attribute.ts';
import {
  createNetworkInterface,
  deleteNetworkInterface,
  modifyNetworkInterfaceAttribute,
} from './interfaces/interface-calls.ts';
import {
  createNetworkInterfacePermission,
  deleteNetworkInterfacePermission,
  describeNetworkInterfacePermissions,
} from './interfaces/permission-calls.ts';
import { describeManagedPrefixLists, getManagedPrefixListEntries } from './prefix-lists/describe-prefix-lists.ts';
import {
  createManagedPrefixList,
  deleteManagedPrefixList,
  modifyManagedPrefixList,
} from './prefix-lists/prefix-list-calls.ts';
import { describeNatGateways, createNatGateway, deleteNatGateway } from './routes/nat-gateway-calls.ts';
import { describeRouteTables } from './routes/describe-routes.ts';
import {
  attachInternetGateway,
  createInternetGateway,
  deleteInternetGateway,
  describeInternetGateways,
  detachInternetGateway,
} from './routes/internet-gateway-calls.ts';
import { createRoute, deleteRoute, replaceRoute } from './routes/route-calls.ts';
import {
  associateRouteTable,
  createRouteTable,
  deleteRouteTable,
  disassociateRouteTable,
  replaceRouteTableAssociation,
} from './routes/route-table-calls.ts';
import { createTags, deleteTags, describeTags } from './tags/tag-calls.ts';
import {
  associateTrunkInterface,
  describeTrunkInterfaceAssociations,
  disassociateTrunkInterface,
} from './trunks/trunk-calls.ts';
import { describeVpcAttribute, modifySubnetAttribute, modifyVpcAttribute } from './vpc/attribute-calls.ts';
import { associateVpcCidrBlock, disassociateVpcCidrBlock } from './vpc/cidr-calls.ts';
import { associateSubnetCidrBlock, disassociateSubnetCidrBlock } from './vpc/subnet-cidr-calls.ts';
import { createSubnet, deleteSubnet, describeSubnets } from './vpc/subnet-calls.ts';
import { createVpc, deleteVpc, describeVpcs } from './vpc/vpc-calls.ts';
import { describeAvailabilityZones, describeRegions } from './vpc/zone-calls.ts';

/**
 * Changes the draft and returns the answer, or throws EC2's refusal and leaves the draft to be dropped. The request is
 * what the model made of the parameters, so each takes the SDK's own type for it.
 */
export type Operation = (draft: Draft, request: never, context: CallContext) => object;

export const operations = {
  AllocateAddress: allocateAddress,
  AssignIpv6Addresses: assignIpv6Addresses,
  AssignPrivateIpAddresses: assignPrivateIpAddresses,
  AssociateAddress: associateAddress,
  AssociateRouteTable: associateRouteTable,
  AssociateSubnetCidrBlock: associateSubnetCidrBlock,
  AssociateTrunkInterface: associateTrunkInterface,
  AssociateVpcCidrBlock: associateVpcCidrBlock,
  AttachInternetGateway: attachInternetGateway,
  AttachNetworkInterface: attachNetworkInterface,
  AuthorizeSecurityGroupEgress: authorize('egress'),
  AuthorizeSecurityGroupIngress: authorize('ingress'),
  CreateInternetGateway: createInternetGateway,
  CreateManagedPrefixList: createManagedPrefixList,
  CreateNatGateway: createNatGateway,
  CreateNetworkInterface: createNetworkInterface,
  CreateNetworkInterfacePermission: createNetworkInterfacePermission,
  CreateRoute: createRoute,
  CreateRouteTable: createRouteTable,
  CreateSecurityGroup: createSecurityGroup,
  CreateSubnet: createSubnet,
  CreateTags: createTags,
  CreateVpc: createVpc,
  DeleteInternetGateway: deleteInternetGateway,
  DeleteManagedPrefixList: deleteManagedPrefixList,
  DeleteNatGateway: deleteNatGateway,
  DeleteNetworkInterface: deleteNetworkInterface,
  DeleteNetworkInterfacePermission: deleteNetworkInterfacePermission,
  DeleteRoute: deleteRoute,
  DeleteRouteTable: deleteRouteTable,
  DeleteSecurityGroup: deleteSecurityGroup,
  DeleteSubnet: deleteSubnet,
  DeleteTags: deleteTags,
  DeleteVpc: deleteVpc,
  DescribeAccountAttributes: describeAccountAttributes,
  DescribeAddresses: describeAddresses,
  DescribeAvailabilityZones: describeAvailabilityZones,
  DescribeInstanceAttribute: describeInstanceAttribute,
  DescribeInstanceStatus: describeInstanceStatus,
  DescribeInstanceTypeOfferings: describeInstanceTypeOfferings,
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeInstances: describeInstances,
  DescribeInternetGateways: describeInternetGateways,
  DescribeManagedPrefixLists: describeManagedPrefixLists,
  DescribeNatGateways: describeNatGateways,
  DescribeNetworkInterfaceAttribute: describeNetworkInterfaceAttribute,
  DescribeNetworkInterfacePermissions: describeNetworkInterfacePermissions,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DescribeRegions: describeRegions,
  DescribeRouteTables: describeRouteTables,
  DescribeSecurityGroupReferences: describeSecurityGroupReferences,
  DescribeSecurityGroupRules: describeSecurityGroupRules,
  DescribeSecurityGroups: describeSecurityGroups,
  DescribeStaleSecurityGroups: describeStaleSecurityGroups,
  DescribeSubnets: describeSubnets,
  DescribeTags: describeTags,
  DescribeTrunkInterfaceAssociations: describeTrunkInterfaceAssociations,
  DescribeVpcAttribute: describeVpcAttribute,
  DescribeVpcs: describeVpcs,
  DetachInternetGateway: detachInternetGateway,
  DetachNetworkInterface: detachNetworkInterface,
  DisassociateAddress: disassociateAddress,
  DisassociateRouteTable: disassociateRouteTable,
  DisassociateSubnetCidrBlock: disassociateSubnetCidrBlock,
  DisassociateTrunkInterface: disassociateTrunkInterface,
  DisassociateVpcCidrBlock: disassociateVpcCidrBlock,
  GetManagedPrefixListEntries: getManagedPrefixListEntries,
  GetSecurityGroupsForVpc: getSecurityGroupsForVpc,
  ModifyInstanceAttribute: modifyInstanceAttribute,
  ModifyInstanceMetadataOptions: modifyInstanceMetadataOptions,
  ModifyManagedPrefixList: modifyManagedPrefixList,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
  ModifySecurityGroupRules: modifySecurityGroupRules,
  ModifySubnetAttribute: modifySubnetAttribute,
  ModifyVpcAttribute: modifyVpcAttribute,
  ReleaseAddress: releaseAddress,
  ReplaceRoute: replaceRoute,
  ReplaceRouteTableAssociation: replaceRouteTableAssociation,
  RevokeSecurityGroupEgress: revoke('egress'),
  RevokeSecurityGroupIngress: revoke('ingress'),
  RunInstances: runInstances,
  TerminateInstances: terminateInstances,
  UnassignIpv6Addresses: unassignIpv6Addresses,
  UnassignPrivateIpAddresses: unassignPrivateIpAddresses,
  UpdateSecurityGroupRuleDescriptionsEgress: updateDescriptions('egress'),
  UpdateSecurityGroupRuleDescriptionsIngress: updateDescriptions('ingress'),
} as const satisfies Readonly<Record<OperationName, Operation>>;
