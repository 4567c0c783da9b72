/** Internet gateways. */
import type {
  AttachInternetGatewayRequest,
  CreateInternetGatewayRequest,
  CreateInternetGatewayResult,
  DeleteInternetGatewayRequest,
  DescribeInternetGatewaysRequest,
  DescribeInternetGatewaysResult,
  DetachInternetGatewayRequest,
  InternetGateway,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { newId } from '../random.ts';
import { listed, required } from '../resource-kinds.ts';
import type { InternetGatewayEntity } from '../tables.ts';
import { answerTags, tagsOnCreate } from '../tags/tags.ts';

const GATEWAYS_PER_REGION = 5;

export function createInternetGateway(
  draft: Draft,
  request: CreateInternetGatewayRequest,
  context: CallContext,
): CreateInternetGatewayResult {
  if ([...draft.all('internetGateways')].length >= GATEWAYS_PER_REGION) {
    throw new Ec2Error('InternetGatewayLimitExceeded', 'The maximum number of internet gateways has been reached.');
  }
  const tags = tagsOnCreate(request.TagSpecifications, 'internet-gateway');
  const gateway: InternetGatewayEntity = { id: newId(draft, 'igw'), tags };
  draft.put('internetGateways', gateway);
  return { InternetGateway: answerGateway(gateway, context) };
}

export function attachInternetGateway(draft: Draft, request: AttachInternetGatewayRequest): object {
  const gateway = required(draft, 'internetGateway', request.InternetGatewayId ?? '');
  const vpc = required(draft, 'vpc', request.VpcId ?? '');
  if (gateway.vpc !== undefined) {
    throw new Ec2Error(
      'Resource.AlreadyAssociated',
      `resource ${gateway.id} is already attached to network ${gateway.vpc}`,
    );
  }
  if ([...draft.all('internetGateways')].some((each) => each.vpc === vpc.id)) {
    throw new Ec2Error('InvalidParameterValue', `Network ${vpc.id} already has an internet gateway attached`);
  }
  draft.put('internetGateways', { ...gateway, vpc: vpc.id });
  return {};
}

export function detachInternetGateway(draft: Draft, request: DetachInternetGatewayRequest): object {
  const { vpc, ...gateway } = required(draft, 'internetGateway', request.InternetGatewayId ?? '');
  const wanted = required(draft, 'vpc', request.VpcId ?? '');
  if (vpc !== wanted.id) {
    throw new Ec2Error('Gateway.NotAttached', `resource ${gateway.id} is not attached to network ${wanted.id}`);
  }
  if (hasPublicAddresses(draft, vpc)) {
    throw new Ec2Error(
      'DependencyViolation',
      `Network ${vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    );
  }
  draft.put('internetGateways', gateway);
  return {};
}

function hasPublicAddresses(draft: Draft, vpc: string): boolean {
  return [...draft.all('elasticAddresses')].some(({ association }) => {
    const owner =
      association?.natGateway === undefined
        ? draft.get('interfaces', association?.interface ?? '')
        : draft.get('natGateways', association.natGateway);
    return owner?.vpc === vpc;
  });
}

export function deleteInternetGateway(draft: Draft, request: DeleteInternetGatewayRequest): object {
  const gateway = required(draft, 'internetGateway', request.InternetGatewayId ?? '');
  if (gateway.vpc !== undefined) {
    throw new Ec2Error(
      'DependencyViolation',
      `The internetGateway '${gateway.id}' has dependencies and cannot be deleted.`,
    );
  }
  draft.remove('internetGateways', gateway.id);
  return {};
}

export function describeInternetGateways(
  view: View,
  request: DescribeInternetGatewaysRequest,
  context: CallContext,
): DescribeInternetGatewaysResult {
  const found = applyFilters(listed(view, 'internetGateway', request.InternetGatewayIds), request.Filters, {
    'attachment.state': ({ vpc }) => [vpc === undefined ? undefined : 'available'],
    'attachment.vpc-id': ({ vpc }) => [vpc],
    'internet-gateway-id': ({ id }) => [id],
    'owner-id': () => [context.account],
  });
  const { page, nextToken } = paginate(found, {
    request,
    idOf: ({ id }) => id,
    exclusive: { name: 'internetGatewayIdSet', ids: request.InternetGatewayIds },
  });
  return { NextToken: nextToken, InternetGateways: page.map((each) => answerGateway(each, context)) };
}

/** `available` is not among the documented states of an attachment, but it is what EC2 shows. */
const answerGateway = ({ id, vpc, tags }: InternetGatewayEntity, { account }: CallContext): InternetGateway => ({
  InternetGatewayId: id,
  OwnerId: account,
  Attachments: vpc === undefined ? [] : [{ State: 'available' as never, VpcId: vpc }],
  Tags: answerTags(tags),
});
