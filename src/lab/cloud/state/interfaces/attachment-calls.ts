/** AttachNetworkInterface and DetachNetworkInterface: both answer before they have settled. */
import type {
  AttachNetworkInterfaceRequest,
  AttachNetworkInterfaceResult,
  DetachNetworkInterfaceRequest,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { interfaceStatus } from './answer-interface.ts';
import { newId } from '../random.ts';
import { isId, required } from '../resource-kinds.ts';
import type { InstanceEntity, InterfaceEntity } from '../tables.ts';
import { limitsOf, mustFitAddresses } from './limits.ts';

export function attachNetworkInterface(
  draft: Draft,
  request: AttachNetworkInterfaceRequest,
  context: CallContext,
): AttachNetworkInterfaceResult {
  const instance = required(draft, 'instance', request.InstanceId ?? '');
  const entity = required(draft, 'interface', request.NetworkInterfaceId ?? '');
  const card = request.NetworkCardIndex ?? 0;
  const deviceIndex = request.DeviceIndex ?? 0;
  if (instance.state !== 'running') {
    throw new Ec2Error('IncorrectState', `Instance '${instance.id}' is not 'running' or 'stopped'.`);
  }
  if (interfaceStatus(entity) === 'in-use') {
    throw new Ec2Error('InvalidNetworkInterface.InUse', `Interface: [${entity.id}] in use.`);
  }
  if (instance.vpc !== entity.vpc) {
    throw new Ec2Error('InvalidParameterValue', 'The network interface and the instance belong to different networks.');
  }
  if (instance.zone !== entity.zone) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'You may not attach a network interface to an instance if they are not in the same availability zone',
    );
  }
  mustFitInstance(draft, { instance, card, deviceIndex });
  mustFitAddresses(draft, entity, instance.id);
  const settleAtMs = context.nowMs + context.settlingMs('attach');
  const id = attach(draft, { entity, instance, deviceIndex, card, deleteOnTermination: false, settleAtMs, context });
  return { AttachmentId: id, NetworkCardIndex: card };
}

export interface AttachOptions {
  readonly entity: InterfaceEntity;
  readonly instance: InstanceEntity;
  readonly deviceIndex: number;
  readonly card: number;
  readonly deleteOnTermination: boolean;
  readonly settleAtMs: number;
  readonly context: CallContext;
}

/** Returns the attachment's id. */
export function attach(draft: Draft, options: AttachOptions): string {
  const { entity, instance, deviceIndex, card, deleteOnTermination, settleAtMs, context } = options;
  const id = newId(draft, 'eni-attach');
  draft.put('interfaces', {
    ...entity,
    attachment: {
      id,
      instance: instance.id,
      deviceIndex,
      card,
      status: 'attaching',
      attachedAtMs: context.nowMs,
      deleteOnTermination,
      settleAtMs,
    },
  });
  return id;
}

const attachedTo = (view: View, instance: string): readonly InterfaceEntity[] =>
  [...view.all('interfaces')].filter(({ attachment }) => attachment?.instance === instance);

export function mustFitInstance(
  view: View,
  wish: { readonly instance: InstanceEntity; readonly card: number; readonly deviceIndex: number },
): void {
  const { instance, card, deviceIndex } = wish;
  const limits = limitsOf(instance.type);
  const present = attachedTo(view, instance.id);
  const onCard = limits.interfacesByCard[card];
  if (onCard === undefined) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Network card index ${card} is out of bounds for instance type ${instance.type}.`,
    );
  }
  if (!Number.isInteger(deviceIndex) || deviceIndex < 0) {
    throw new Ec2Error('InvalidParameterValue', `Value (${deviceIndex}) for parameter deviceIndex is invalid.`);
  }
  const count = present.length + 1;
  if (count > limits.interfaces) {
    throw new Ec2Error('AttachmentLimitExceeded', `Interface count ${count} exceeds the limit for ${instance.type}`);
  }
  const same = ({ attachment }: InterfaceEntity): boolean =>
    attachment?.card === card && attachment.deviceIndex === deviceIndex;
  if (present.some(same)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`,
    );
  }
  if (deviceIndex >= onCard) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Device index ${deviceIndex} is out of bounds for network card ${card} of instance type ${instance.type}.`,
    );
  }
}

export function detachNetworkInterface(
  draft: Draft,
  request: DetachNetworkInterfaceRequest,
  context: CallContext,
): object {
  const id = request.AttachmentId ?? '';
  if (!isId('eni-attach', id)) {
    throw new Ec2Error(
      'InvalidNetworkInterfaceAttachmentId.Malformed',
      `Invalid id: "${id}" (expecting "eni-attach-...")`,
    );
  }
  const entity = [...draft.all('interfaces')].find(({ attachment }) => attachment?.id === id);
  const attachment = entity?.attachment;
  if (entity === undefined || attachment === undefined) {
    throw new Ec2Error('InvalidAttachmentID.NotFound', `The attachment '${id}' does not exist.`);
  }
  if (attachment.deviceIndex === 0 && attachment.card === 0) {
    throw new Ec2Error(
      'OperationNotPermitted',
      'The network interface at device index 0 and networkCard index 0 cannot be detached.',
    );
  }
  if (attachment.status === 'detaching') return {};
  const settleAtMs = context.nowMs + context.settlingMs('detach');
  draft.put('interfaces', { ...entity, attachment: { ...attachment, status: 'detaching', settleAtMs } });
  return {};
}
