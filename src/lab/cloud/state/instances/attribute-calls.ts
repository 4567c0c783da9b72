/** ModifyInstanceAttribute, DescribeInstanceAttribute, ModifyInstanceMetadataOptions. */
import type {
  DescribeInstanceAttributeRequest,
  InstanceAttribute,
  ModifyInstanceAttributeRequest,
  ModifyInstanceMetadataOptionsRequest,
  ModifyInstanceMetadataOptionsResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { answerGroups } from '../interfaces/answer-interface.ts';
import { readGroups } from '../interfaces/new-interface.ts';
import { required } from '../resource-kinds.ts';
import type { InstanceEntity, InterfaceEntity, MetadataOptions } from '../tables.ts';
import { answerMetadataOptions, metadataOptionsOf } from './answer-instance.ts';

const primaryOf = (view: View, { id }: InstanceEntity): InterfaceEntity | undefined =>
  [...view.all('interfaces')].find(
    ({ attachment }) => attachment?.instance === id && attachment.deviceIndex === 0 && attachment.card === 0,
  );

const unmodelled = (): Ec2Error =>
  new Ec2Error('UnsupportedOperation', "The lab's cloud does not model this attribute.");

export function modifyInstanceAttribute(
  draft: Draft,
  request: ModifyInstanceAttributeRequest,
  context: CallContext,
): object {
  const { InstanceId, DryRun: _dryRun, ...attributes } = request;
  const instance = required(draft, 'instance', InstanceId ?? '');
  if (Object.keys(attributes).length === 0) {
    throw new Ec2Error('InvalidParameterCombination', 'No attributes specified.');
  }
  const { DisableApiTermination, SourceDestCheck, Groups, ...others } = attributes;
  if (Object.keys(others).length > 0) throw unmodelled();
  if (DisableApiTermination !== undefined) {
    draft.put('instances', { ...instance, terminationProtected: DisableApiTermination.Value === true });
  }
  if (SourceDestCheck === undefined && Groups === undefined) return {};
  const primary = primaryOf(draft, instance);
  if (primary === undefined)
    throw new Ec2Error('IncorrectInstanceState', `The instance '${instance.id}' is terminated.`);
  const subnet = required(draft, 'subnet', primary.subnet);
  draft.put('interfaces', {
    ...primary,
    ...(SourceDestCheck !== undefined && { sourceDestCheck: SourceDestCheck.Value !== false }),
    ...(Groups !== undefined && { groups: readGroups(draft, { ids: Groups, subnet, context }) }),
  });
  return {};
}

export function describeInstanceAttribute(view: View, request: DescribeInstanceAttributeRequest): InstanceAttribute {
  const instance = required(view, 'instance', request.InstanceId ?? '');
  const primary = primaryOf(view, instance);
  const answer = { InstanceId: instance.id };
  switch (request.Attribute) {
    case 'disableApiTermination':
      return { ...answer, DisableApiTermination: { Value: instance.terminationProtected } };
    case 'sourceDestCheck':
      return { ...answer, SourceDestCheck: { Value: primary?.sourceDestCheck ?? true } };
    case 'groupSet':
      return { ...answer, Groups: answerGroups(view, primary?.groups ?? []) };
    case 'instanceType':
      return { ...answer, InstanceType: { Value: instance.type } };
    case 'userData':
      return { ...answer, UserData: { Value: instance.userData } };
    case 'ebsOptimized':
      return { ...answer, EbsOptimized: { Value: false } };
    case 'enaSupport':
      return { ...answer, EnaSupport: { Value: true } };
    case 'instanceInitiatedShutdownBehavior':
      return { ...answer, InstanceInitiatedShutdownBehavior: { Value: 'stop' } };
    case 'rootDeviceName':
      return { ...answer, RootDeviceName: { Value: '/dev/xvda' } };
    default:
      throw unmodelled();
  }
}

export function modifyInstanceMetadataOptions(
  draft: Draft,
  request: ModifyInstanceMetadataOptionsRequest,
): ModifyInstanceMetadataOptionsResult {
  const instance = required(draft, 'instance', request.InstanceId ?? '');
  const {
    HttpTokens: tokens,
    HttpEndpoint: endpoint,
    HttpPutResponseHopLimit: hopLimit,
    InstanceMetadataTags: tags,
  } = request;
  if (hopLimit !== undefined && (!Number.isInteger(hopLimit) || hopLimit < 1 || hopLimit > 64)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value (${hopLimit}) for parameter HttpPutResponseHopLimit is invalid.`,
    );
  }
  const metadata: MetadataOptions = {
    tokens: oneOf(tokens, ['optional', 'required'], 'HttpTokens') ?? metadataOptionsOf(instance).tokens,
    endpoint: oneOf(endpoint, ['enabled', 'disabled'], 'HttpEndpoint') ?? metadataOptionsOf(instance).endpoint,
    tags: oneOf(tags, ['enabled', 'disabled'], 'InstanceMetadataTags') ?? metadataOptionsOf(instance).tags,
    hopLimit: hopLimit ?? metadataOptionsOf(instance).hopLimit,
  };
  const next = { ...instance, metadata };
  draft.put('instances', next);
  return { InstanceId: instance.id, InstanceMetadataOptions: { ...answerMetadataOptions(next), State: 'pending' } };
}

export function oneOf<T extends string>(text: string | undefined, values: readonly T[], name: string): T | undefined {
  if (text === undefined) return undefined;
  const found = values.find((value) => value === text);
  if (found === undefined)
    throw new Ec2Error('InvalidParameterValue', `Value (${text}) for parameter ${name} is invalid.`);
  return found;
}
