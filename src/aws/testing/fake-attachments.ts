/** Attaching and detaching in the fake: limits by instance type and card, and transitions that take a few reads. */
import { instanceLimits } from '../../core/limits/instance-limits.ts';
import type { Ec2 } from '../port.ts';
import { findInterface, invalid } from './fake-interfaces.ts';
import type { FakeQuotas, FakeWorld, StoredInterface } from './fake-world.ts';
import { failWith } from './faults.ts';

export function attachInterface(
  world: FakeWorld,
  quotas: FakeQuotas,
  request: Parameters<Ec2['attachInterface']>[0],
): string {
  const verb = 'AttachNetworkInterface';
  const { deviceIndex, card } = request;
  const target = findInterface(world, verb, request.interface);
  const instance = world.instances.get(request.instance);
  if (instance === undefined) {
    const message = `The instance ID '${request.instance}' does not exist`;
    throw failWith(verb, { code: 'InvalidInstanceID.NotFound', message, status: 400 });
  }
  const { attachment } = target;
  if (attachment !== undefined) {
    const same =
      attachment.instance === instance.id && attachment.deviceIndex === deviceIndex && attachment.card === card;
    if (same && attachment.status !== 'detaching') return attachment.id;
    const message = `Interface: [${target.id}] in use.`;
    throw failWith(verb, { code: 'InvalidNetworkInterface.InUse', message, status: 400 });
  }
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    const message = `Instance '${instance.id}' is not 'running'.`;
    throw failWith(verb, { code: 'IncorrectState', message, status: 400 });
  }
  if (world.subnets.get(target.subnet)?.zone !== instance.zone) {
    const message =
      'You may not attach a network interface to an instance if they are not in the same availability zone';
    throw failWith(verb, { code: 'InvalidParameterCombination', message, status: 400 });
  }
  const others = [...world.interfaces.values()].flatMap((each) =>
    each.attachment?.instance === instance.id ? [each.attachment] : [],
  );
  if (others.some((each) => each.deviceIndex === deviceIndex && each.card === card)) {
    throw invalid(
      verb,
      `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`,
    );
  }
  const limits = instanceLimits(instance.type);
  const onCard = others.filter((each) => each.card === card).length;
  if (limits !== undefined && onCard >= (limits.interfacesByCard[card] ?? 0)) {
    const message = `Interface count ${others.length + 1} exceeds the limit for ${instance.type}`;
    throw failWith(verb, { code: 'AttachmentLimitExceeded', message, status: 400 });
  }
  const id = world.newId('eni-attach');
  target.settling = quotas.settlingReads;
  target.status = 'in-use';
  target.attachment = {
    id,
    instance: instance.id,
    deviceIndex,
    card,
    status: target.settling > 0 ? 'attaching' : 'attached',
    deleteOnTermination: false,
  };
  return id;
}

export function detachInterface(world: FakeWorld, quotas: FakeQuotas, attachment: string): void {
  const verb = 'DetachNetworkInterface';
  const target = [...world.interfaces.values()].find((each) => each.attachment?.id === attachment);
  if (target?.attachment === undefined) return;
  if (target.attachment.deviceIndex === 0) {
    const message = `The network interface at device index 0 and networkCard index ${target.attachment.card} cannot be detached.`;
    throw failWith(verb, { code: 'OperationNotPermitted', message, status: 400 });
  }
  if (target.attachment.status === 'detaching') return;
  target.settling = quotas.settlingReads;
  if (target.settling > 0) target.attachment = { ...target.attachment, status: 'detaching' };
  else release(target);
}

export function release(target: StoredInterface): void {
  delete target.attachment;
  target.status = 'available';
}

/** A transition ends after it was seen so many times. */
export function settle(target: StoredInterface): void {
  const { attachment } = target;
  if (target.settling === 0 || attachment === undefined) return;
  target.settling--;
  if (target.settling > 0) return;
  if (attachment.status === 'detaching') release(target);
  else target.attachment = { ...attachment, status: 'attached' };
}
