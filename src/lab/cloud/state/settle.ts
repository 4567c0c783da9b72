/**
 * What happens without a call: things that are on their way arrive. Pure, like the calls: the shell asks after each
 * call and when the next thing is due.
 */
import { dropLostAssociations } from './addresses/address-calls.ts';
import type { Draft, View } from './draft.ts';
import { removeInterface } from './interfaces/remove-interface.ts';
import { settleNatGateway } from './routes/nat-gateway-calls.ts';
import type { Cidr6, InstanceEntity, InterfaceEntity, VpcCidr } from './tables.ts';

/** A terminated instance stays visible for about an hour; its client token is kept for a day. */
const REMEMBERED_MS = 3_600_000;

/** Lets everything that is due by now arrive. */
export function settle(draft: Draft, nowMs: number): void {
  const due = (each: { readonly settleAtMs?: number } | undefined): boolean =>
    each?.settleAtMs !== undefined && each.settleAtMs <= nowMs;
  for (const instance of draft.all('instances')) if (due(instance)) settleInstance(draft, instance);
  for (const each of draft.all('interfaces')) if (due(each.attachment)) settleInterface(draft, each);
  for (const vpc of draft.all('vpcs')) {
    const { cidrs, cidrs6 = [] } = vpc;
    if (![...cidrs, ...cidrs6].some(due)) continue;
    draft.put('vpcs', { ...vpc, cidrs: settleCidrs(cidrs, due), cidrs6: settleCidrs(cidrs6, due) });
  }
  for (const subnet of draft.all('subnets')) {
    const { cidrs6 = [] } = subnet;
    if (cidrs6.some(due)) draft.put('subnets', { ...subnet, cidrs6: settleCidrs(cidrs6, due) });
  }
  for (const gateway of draft.all('natGateways')) if (due(gateway)) settleNatGateway(draft, gateway);
  dropLostAssociations(draft);
}

/** When the next thing is due; undefined when everything has settled. */
export function nextSettling(view: View): number | undefined {
  let next = Number.POSITIVE_INFINITY;
  for (const { settleAtMs } of view.all('instances')) next = Math.min(next, settleAtMs ?? next);
  for (const { attachment } of view.all('interfaces')) next = Math.min(next, attachment?.settleAtMs ?? next);
  for (const { settleAtMs } of view.all('natGateways')) next = Math.min(next, settleAtMs ?? next);
  for (const { cidrs, cidrs6 = [] } of view.all('vpcs')) {
    for (const { settleAtMs } of [...cidrs, ...cidrs6]) next = Math.min(next, settleAtMs ?? next);
  }
  for (const { cidrs6 = [] } of view.all('subnets')) {
    for (const { settleAtMs } of cidrs6) next = Math.min(next, settleAtMs ?? next);
  }
  return Number.isFinite(next) ? next : undefined;
}

function settleInstance(draft: Draft, { settleAtMs = 0, ...instance }: InstanceEntity): void {
  switch (instance.state) {
    case 'pending':
      draft.put('instances', { ...instance, state: 'running' });
      return;
    case 'shutting-down':
      releaseInterfaces(draft, instance.id);
      draft.put('instances', { ...instance, state: 'terminated', settleAtMs: settleAtMs + REMEMBERED_MS });
      return;
    case 'terminated':
      draft.remove('instances', instance.id);
      return;
    case 'running':
      return;
  }
}

function settleCidrs<C extends VpcCidr | Cidr6>(cidrs: readonly C[], due: (cidr: C) => boolean): readonly C[] {
  return cidrs.flatMap((each): readonly C[] => {
    if (!due(each)) return [each];
    const { settleAtMs: _settled, ...rest } = each;
    return each.state === 'disassociating' ? [] : [{ ...rest, state: 'associated' } as C];
  });
}

/** Those that are marked for it go with their instance, the others become available. */
function releaseInterfaces(draft: Draft, instance: string): void {
  for (const { attachment, ...entity } of draft.all('interfaces')) {
    if (attachment?.instance !== instance) continue;
    if (attachment.deleteOnTermination) removeInterface(draft, entity.id);
    else draft.put('interfaces', entity);
  }
}

function settleInterface(draft: Draft, { attachment, ...entity }: InterfaceEntity): void {
  if (attachment === undefined) return;
  const { settleAtMs: _settled, ...rest } = attachment;
  if (attachment.status === 'detaching') draft.put('interfaces', entity);
  else draft.put('interfaces', { ...entity, attachment: { ...rest, status: 'attached' } });
}
