/** CreateNetworkInterface, DeleteNetworkInterface, ModifyNetworkInterfaceAttribute. */
import type {
  CreateNetworkInterfaceRequest,
  CreateNetworkInterfaceResult,
  DeleteNetworkInterfaceRequest,
  ModifyNetworkInterfaceAttributeRequest,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { rememberToken, usedToken } from '../idempotency.ts';
import { required } from '../resource-kinds.ts';
import type { InterfaceEntity } from '../tables.ts';
import { tagsOnCreate } from '../tags/tags.ts';
import { answerInterface, interfaceStatus } from './answer-interface.ts';
import { mustFitUnattached } from './limits.ts';
import { addInterface, readGroups } from './new-interface.ts';
import { removeInterface } from './remove-interface.ts';

export function createNetworkInterface(
  draft: Draft,
  request: CreateNetworkInterfaceRequest,
  context: CallContext,
): CreateNetworkInterfaceResult {
  const action = 'CreateNetworkInterface';
  const answer = (entity: InterfaceEntity, state: InterfaceEntity | undefined): CreateNetworkInterfaceResult => {
    const answered = answerInterface(draft, entity, context);
    return {
      // `pending` is not among the documented states, but it is what EC2 answers.
      NetworkInterface: { ...answered, ...(state === undefined && { Status: 'pending' as never }) },
      ClientToken: request.ClientToken,
    };
  };
  const [made] = usedToken(draft, action, request) ?? [];
  if (made !== undefined) {
    const entity = required(draft, 'interface', made);
    return answer(entity, entity);
  }
  const subnet = required(draft, 'subnet', request.SubnetId ?? '');
  const entity = addInterface(
    draft,
    {
      subnet,
      groups: request.Groups,
      description: readDescription(request.Description),
      type: readType(request.InterfaceType, context),
      tags: tagsOnCreate(request.TagSpecifications, 'network-interface'),
      primary: request.PrivateIpAddress,
      addresses: request.PrivateIpAddresses,
      secondaryCount: request.SecondaryPrivateIpAddressCount,
      prefixes: request.Ipv4Prefixes?.map(({ Ipv4Prefix = '' }) => Ipv4Prefix),
      prefixCount: request.Ipv4PrefixCount,
      ipv6: {
        addresses: request.Ipv6Addresses?.map(({ Ipv6Address = '' }) => Ipv6Address),
        count: request.Ipv6AddressCount,
        prefixes: request.Ipv6Prefixes?.map(({ Ipv6Prefix = '' }) => Ipv6Prefix),
        prefixCount: request.Ipv6PrefixCount,
      },
    },
    context,
  );
  mustFitUnattached(entity);
  rememberToken(draft, { action, request, resources: [entity.id] });
  return answer(entity, undefined);
}

function readType(type: string | undefined, { quotas }: CallContext): InterfaceEntity['type'] {
  if (type === undefined || type === 'interface') return 'interface';
  if (quotas.trunks && (type === 'trunk' || type === 'branch')) return type;
  throw new Ec2Error('InvalidParameterValue', `Invalid value '${type}' for InterfaceType. Allowed values are ('EFA')`);
}

function readDescription(text: string | undefined): string | undefined {
  if (text !== undefined && text.length > 255) {
    throw new Ec2Error('InvalidParameterValue', `Value (${text}) for parameter description is invalid.`);
  }
  return text;
}

export function deleteNetworkInterface(draft: Draft, request: DeleteNetworkInterfaceRequest): object {
  const entity = required(draft, 'interface', request.NetworkInterfaceId ?? '');
  if (interfaceStatus(entity) === 'in-use') {
    throw new Ec2Error('InvalidParameterValue', `Network interface '${entity.id}' is currently in use.`);
  }
  removeInterface(draft, entity.id);
  return {};
}

/** One attribute a call. */
export function modifyNetworkInterfaceAttribute(
  draft: Draft,
  request: ModifyNetworkInterfaceAttributeRequest,
  context: CallContext,
): object {
  const { NetworkInterfaceId, DryRun: _dryRun, ...attributes } = request;
  const entity = required(draft, 'interface', NetworkInterfaceId ?? '');
  const given = Object.keys(attributes).filter((key) => attributes[key as keyof typeof attributes] !== undefined);
  if (given.length !== 1) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      given.length === 0 ? 'No attributes specified.' : 'Fields for multiple attribute types specified',
    );
  }
  draft.put('interfaces', { ...entity, ...changeOf(draft, { entity, request, context }) });
  return {};
}

interface Modification {
  readonly entity: InterfaceEntity;
  readonly request: ModifyNetworkInterfaceAttributeRequest;
  readonly context: CallContext;
}

function changeOf(draft: Draft, { entity, request, context }: Modification): Partial<InterfaceEntity> {
  const { Description, SourceDestCheck, Groups, Attachment } = request;
  if (Description !== undefined) return { description: readDescription(Description.Value) ?? '' };
  if (SourceDestCheck !== undefined) {
    if (SourceDestCheck.Value === undefined) {
      throw new Ec2Error('MissingParameter', 'The request must contain the parameter sourceDestCheck');
    }
    return { sourceDestCheck: SourceDestCheck.Value };
  }
  if (Groups !== undefined) {
    if (Groups.length === 0) {
      throw new Ec2Error('InvalidParameterValue', 'At least one security group must be specified.');
    }
    const subnet = required(draft, 'subnet', entity.subnet);
    return { groups: readGroups(draft, { ids: Groups, subnet, context }) };
  }
  if (Attachment !== undefined) {
    const { AttachmentId, DeleteOnTermination } = Attachment;
    if (entity.attachment === undefined || entity.attachment.id !== AttachmentId) {
      throw new Ec2Error('InvalidAttachmentID.NotFound', `The attachment '${AttachmentId ?? ''}' does not exist.`);
    }
    const deleteOnTermination = DeleteOnTermination ?? entity.attachment.deleteOnTermination;
    return { attachment: { ...entity.attachment, deleteOnTermination } };
  }
  throw new Ec2Error('UnsupportedOperation', 'The lab does not model this attribute.');
}
