/** Permissions of other accounts and of AWS's services to attach an interface. They are kept and answered; nobody asks. */
import type {
  CreateNetworkInterfacePermissionRequest,
  CreateNetworkInterfacePermissionResult,
  DeleteNetworkInterfacePermissionRequest,
  DeleteNetworkInterfacePermissionResult,
  DescribeNetworkInterfacePermissionsRequest,
  DescribeNetworkInterfacePermissionsResult,
  NetworkInterfacePermission,
} from '@aws-sdk/client-ec2';

import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { PermissionEntity } from '../tables.ts';

export function createNetworkInterfacePermission(
  draft: Draft,
  request: CreateNetworkInterfacePermissionRequest,
): CreateNetworkInterfacePermissionResult {
  const entity = required(draft, 'interface', request.NetworkInterfaceId ?? '');
  const { AwsAccountId: account, AwsService: service, Permission: permission } = request;
  if (permission !== 'INSTANCE-ATTACH' && permission !== 'EIP-ASSOCIATE') {
    throw new Ec2Error('InvalidParameterValue', `Value (${permission}) for parameter permission is invalid.`);
  }
  if ((account === undefined) === (service === undefined)) {
    throw new Ec2Error('InvalidParameterCombination', 'Specify either an AWS account or an AWS service.');
  }
  const made: PermissionEntity = {
    id: newId(draft, 'eni-perm'),
    interface: entity.id,
    permission,
    ...(account !== undefined && { account }),
    ...(service !== undefined && { service }),
  };
  draft.put('permissions', made);
  return { InterfacePermission: answerPermission(made) };
}

const unknown = (id: string): Ec2Error =>
  new Ec2Error('InvalidPermissionID.NotFound', `The permission ID '${id}' does not exist`);

export function deleteNetworkInterfacePermission(
  draft: Draft,
  request: DeleteNetworkInterfacePermissionRequest,
): DeleteNetworkInterfacePermissionResult {
  const id = request.NetworkInterfacePermissionId ?? '';
  if (draft.get('permissions', id) === undefined) throw unknown(id);
  draft.remove('permissions', id);
  return { Return: true };
}

export function describeNetworkInterfacePermissions(
  view: View,
  request: DescribeNetworkInterfacePermissionsRequest,
): DescribeNetworkInterfacePermissionsResult {
  const ids = request.NetworkInterfacePermissionIds ?? [];
  const missing = ids.find((id) => view.get('permissions', id) === undefined);
  if (missing !== undefined) throw unknown(missing);
  const rows = [...view.all('permissions')]
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .map((each) => ({ ...each, tags: {} }));
  const found = applyFilters(rows, request.Filters, {
    'network-interface-permission.network-interface-permission-id': ({ id }) => [id],
    'network-interface-permission.network-interface-id': (each) => [each.interface],
    'network-interface-permission.aws-account-id': ({ account }) => [account],
    'network-interface-permission.aws-service': ({ service }) => [service],
    'network-interface-permission.permission': ({ permission }) => [permission],
  });
  // Without a size, this call alone answers in pages of fifty.
  const { page, nextToken } = paginate(found, {
    request: { MaxResults: 50, ...request },
    idOf: ({ id }) => id,
    most: 255,
  });
  return { NextToken: nextToken, NetworkInterfacePermissions: page.map(answerPermission) };
}

const answerPermission = (each: PermissionEntity): NetworkInterfacePermission => ({
  NetworkInterfacePermissionId: each.id,
  NetworkInterfaceId: each.interface,
  AwsAccountId: each.account,
  AwsService: each.service,
  Permission: each.permission,
  PermissionState: { State: 'granted' },
});
