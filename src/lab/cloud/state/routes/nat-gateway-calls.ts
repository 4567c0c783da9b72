/** NAT gateways. */
import type {
  CreateNatGatewayRequest,
  CreateNatGatewayResult,
  DeleteNatGatewayRequest,
  DeleteNatGatewayResult,
  DescribeNatGatewaysRequest,
  DescribeNatGatewaysResult,
  NatGateway,
} from '@aws-sdk/client-ec2';

import { formatIpv4 } from '../../../../core/address/ipv4.ts';
import { disassociate, mustHaveGateway } from '../addresses/address-calls.ts';
import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { rememberToken, usedToken } from '../idempotency.ts';
import { AddressSpace, primaryInUse } from '../interfaces/address-space.ts';
import { newId } from '../random.ts';
import { listed, required } from '../resource-kinds.ts';
import type { ElasticAddressEntity, NatGatewayEntity, SubnetEntity } from '../tables.ts';
import { answerTags, tagsOnCreate } from '../tags/tags.ts';

const GATEWAYS_PER_ZONE = 5;
/** A deleted one stays visible for about an hour. */
const REMEMBERED_MS = 3_600_000;
const action = 'CreateNatGateway';

/** Whether it takes an address of its subnet. */
export const isThere = ({ state }: NatGatewayEntity): boolean => state === 'pending' || state === 'available';

export function createNatGateway(
  draft: Draft,
  request: CreateNatGatewayRequest,
  context: CallContext,
): CreateNatGatewayResult {
  const answer = (gateway: NatGatewayEntity): CreateNatGatewayResult => ({
    ClientToken: request.ClientToken,
    NatGateway: answerGateway(draft, gateway),
  });
  const [made] = usedToken(draft, action, request) ?? [];
  if (made !== undefined) return answer(required(draft, 'natGateway', made));
  const subnet = required(draft, 'subnet', request.SubnetId ?? '');
  const isPublic = request.ConnectivityType !== 'private';
  const allocation = isPublic ? readAllocation(draft, request.AllocationId) : undefined;
  const inZone = [...draft.all('natGateways')].filter(
    (each) => isThere(each) && draft.get('subnets', each.subnet)?.zone === subnet.zone,
  );
  if (inZone.length >= GATEWAYS_PER_ZONE) {
    throw new Ec2Error('NatGatewayLimitExceeded', 'The maximum number of NAT gateways has been reached.');
  }
  const gateway: NatGatewayEntity = {
    id: newId(draft, 'nat'),
    vpc: subnet.vpc,
    subnet: subnet.id,
    state: 'pending',
    address: takeAddress(draft, subnet, request.PrivateIpAddress),
    isPublic,
    createdAtMs: context.nowMs,
    settleAtMs: context.nowMs + context.settlingMs('natGateway'),
    tags: tagsOnCreate(request.TagSpecifications, 'natgateway'),
  };
  draft.put('natGateways', gateway);
  if (allocation !== undefined) {
    mustHaveGateway(draft, subnet.vpc);
    const association = { id: newId(draft, 'eipassoc'), natGateway: gateway.id, address: gateway.address };
    draft.put('elasticAddresses', { ...allocation, association });
  }
  rememberToken(draft, { action, request, resources: [gateway.id] });
  return answer(gateway);
}

function readAllocation(draft: Draft, id: string | undefined): ElasticAddressEntity {
  if (id === undefined) throw new Ec2Error('MissingParameter', 'The request must contain the parameter AllocationId');
  const allocation = required(draft, 'elasticAddress', id);
  if (allocation.association === undefined) return allocation;
  throw new Ec2Error('Resource.AlreadyAssociated', `Elastic IP address [${allocation.id}] is already associated`);
}

function takeAddress(draft: Draft, subnet: SubnetEntity, wanted: string | undefined) {
  const space = new AddressSpace(draft, subnet);
  const [address] = wanted === undefined ? space.next(1) : [space.take(wanted, primaryInUse)];
  if (address === undefined) throw new Error('an address space gave none');
  return address;
}

export function deleteNatGateway(
  draft: Draft,
  request: DeleteNatGatewayRequest,
  context: CallContext,
): DeleteNatGatewayResult {
  const gateway = required(draft, 'natGateway', request.NatGatewayId ?? '');
  const settleAtMs = context.nowMs + context.settlingMs('natGateway');
  if (isThere(gateway)) draft.put('natGateways', { ...gateway, state: 'deleting', settleAtMs });
  return { NatGatewayId: gateway.id };
}

/** What was under way arrives. */
export function settleNatGateway(draft: Draft, { settleAtMs = 0, ...gateway }: NatGatewayEntity): void {
  switch (gateway.state) {
    case 'pending':
      draft.put('natGateways', { ...gateway, state: 'available' });
      return;
    case 'deleting': {
      const own = addressOf(draft, gateway);
      if (own !== undefined) disassociate(draft, own);
      draft.put('natGateways', { ...gateway, state: 'deleted', settleAtMs: settleAtMs + REMEMBERED_MS });
      return;
    }
    case 'deleted':
      draft.remove('natGateways', gateway.id);
      return;
    case 'available':
      return;
  }
}

export function describeNatGateways(view: View, request: DescribeNatGatewaysRequest): DescribeNatGatewaysResult {
  const found = applyFilters(listed(view, 'natGateway', request.NatGatewayIds), request.Filter, {
    'nat-gateway-id': ({ id }) => [id],
    state: ({ state }) => [state],
    'subnet-id': ({ subnet }) => [subnet],
    'vpc-id': ({ vpc }) => [vpc],
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: ({ id }) => id,
    exclusive: { name: 'natGatewayIdSet', ids: request.NatGatewayIds },
  });
  return { NextToken: nextToken, NatGateways: page.map((each) => answerGateway(view, each)) };
}

/** Its elastic one. */
export function addressOf(view: View, { id }: Pick<NatGatewayEntity, 'id'>): ElasticAddressEntity | undefined {
  for (const each of view.all('elasticAddresses')) if (each.association?.natGateway === id) return each;
  return undefined;
}

function answerGateway(view: View, gateway: NatGatewayEntity): NatGateway {
  const own = addressOf(view, gateway);
  return {
    NatGatewayId: gateway.id,
    VpcId: gateway.vpc,
    SubnetId: gateway.subnet,
    State: gateway.state,
    ConnectivityType: gateway.isPublic ? 'public' : 'private',
    CreateTime: new Date(gateway.createdAtMs),
    NatGatewayAddresses: [
      {
        PrivateIp: formatIpv4(gateway.address),
        IsPrimary: true,
        ...(own !== undefined && {
          AllocationId: own.id,
          AssociationId: own.association?.id,
          PublicIp: formatIpv4(own.address),
        }),
      },
    ],
    Tags: answerTags(gateway.tags),
  };
}
