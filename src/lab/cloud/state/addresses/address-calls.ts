/** Elastic IP addresses: allocated from the account's own small share of the internet, mapped to private ones. */
import type {
  AllocateAddressRequest,
  AllocateAddressResult,
  AssociateAddressRequest,
  AssociateAddressResult,
  DisassociateAddressRequest,
  ReleaseAddressRequest,
} from '@aws-sdk/client-ec2';

import { formatIpv4, parseIpv4 } from '../../../../core/address/ipv4.ts';
import { addressesOf } from '../../../../core/address/prefix.ts';
import { publicRange } from '../../../names.ts';
import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { ElasticAddressEntity, InterfaceEntity } from '../tables.ts';
import { tagsOnCreate } from '../tags/tags.ts';

const ADDRESSES_PER_REGION = 5;

export function allocateAddress(
  draft: Draft,
  request: AllocateAddressRequest,
  context: CallContext,
): AllocateAddressResult {
  const taken = new Set([...draft.all('elasticAddresses')].map((each) => each.address));
  if (taken.size >= ADDRESSES_PER_REGION) {
    throw new Ec2Error('AddressLimitExceeded', 'The maximum number of addresses has been reached.');
  }
  const address = [...addressesOf(publicRange)].find((each) => !taken.has(each));
  if (address === undefined) throw new Ec2Error('InsufficientAddressCapacity', 'There are no addresses left.', 500);
  const tags = tagsOnCreate(request.TagSpecifications, 'elastic-ip');
  const entity: ElasticAddressEntity = { id: newId(draft, 'eipalloc'), address, tags };
  draft.put('elasticAddresses', entity);
  return {
    AllocationId: entity.id,
    PublicIp: formatIpv4(address),
    Domain: 'vpc',
    PublicIpv4Pool: 'amazon',
    NetworkBorderGroup: context.region,
  };
}

export function releaseAddress(draft: Draft, request: ReleaseAddressRequest): object {
  const entity = required(draft, 'elasticAddress', request.AllocationId ?? '');
  if (entity.association !== undefined) {
    throw new Ec2Error('InvalidIPAddress.InUse', `Address ${formatIpv4(entity.address)} is in use.`);
  }
  draft.remove('elasticAddresses', entity.id);
  return {};
}

export function associateAddress(draft: Draft, request: AssociateAddressRequest): AssociateAddressResult {
  const entity = required(draft, 'elasticAddress', request.AllocationId ?? '');
  const target = readTarget(draft, request);
  const address = readAddress(target, request.PrivateIpAddress);
  mustHaveGateway(draft, target.vpc);
  const holders = [...draft.all('elasticAddresses')].filter(
    ({ association }) => association?.interface === target.id && association.address === address,
  );
  const inTheWay = [...holders, ...(entity.association === undefined ? [] : [entity])];
  if (request.AllowReassociation === false && inTheWay.length > 0) {
    throw new Ec2Error(
      'Resource.AlreadyAssociated',
      `resource ${entity.id} is already associated with associate-id ${inTheWay[0]?.association?.id}`,
    );
  }
  for (const holder of holders) disassociate(draft, holder);
  const association = { id: newId(draft, 'eipassoc'), interface: target.id, address };
  draft.put('elasticAddresses', { ...entity, association });
  return { AssociationId: association.id };
}

/** Named itself, or the first of an instance. */
function readTarget(draft: Draft, request: AssociateAddressRequest): InterfaceEntity {
  if (request.NetworkInterfaceId !== undefined) return required(draft, 'interface', request.NetworkInterfaceId);
  if (request.InstanceId === undefined) {
    throw new Ec2Error('MissingParameter', 'Either instance ID or network interface id must be specified');
  }
  const instance = required(draft, 'instance', request.InstanceId);
  for (const each of draft.all('interfaces')) {
    if (each.attachment?.instance === instance.id && each.attachment.deviceIndex === 0) return each;
  }
  throw new Ec2Error('InvalidInstanceID', `The instance ${instance.id} is not in a valid state for this operation.`);
}

function readAddress({ id, addresses }: InterfaceEntity, text: string | undefined) {
  const parsed = text === undefined ? undefined : parseIpv4(text);
  const address = parsed === undefined ? addresses[0] : parsed.ok ? parsed.value : undefined;
  if (address !== undefined && addresses.includes(address)) return address;
  throw new Ec2Error('InvalidParameterValue', `Private IP address ${text} is not assigned to network interface ${id}.`);
}

export function mustHaveGateway(draft: Draft, vpc: string): void {
  if ([...draft.all('internetGateways')].some((gateway) => gateway.vpc === vpc)) return;
  throw new Ec2Error('Gateway.NotAttached', `Network ${vpc} is not attached to any internet gateway`);
}

export function disassociateAddress(draft: Draft, request: DisassociateAddressRequest): object {
  const id = request.AssociationId ?? '';
  const entity = [...draft.all('elasticAddresses')].find(({ association }) => association?.id === id);
  if (entity === undefined) {
    throw new Ec2Error('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
  }
  if (entity.association?.natGateway !== undefined) {
    throw new Ec2Error('AuthFailure', 'You do not have permission to access the specified resource.');
  }
  disassociate(draft, entity);
  return {};
}

export function disassociate(draft: Draft, { association: _gone, ...entity }: ElasticAddressEntity): void {
  draft.put('elasticAddresses', entity);
}

/** What an address was mapped to may have gone without a call that speaks of it. */
export function dropLostAssociations(draft: Draft): void {
  for (const entity of draft.all('elasticAddresses')) {
    const { association } = entity;
    if (association?.interface === undefined) continue;
    const owner = draft.get('interfaces', association.interface);
    if (owner?.addresses.includes(association.address) !== true) disassociate(draft, entity);
  }
}
