/** IPv4 addresses of interfaces as text. */
import { formatIpv4 } from '../../../../core/address/ipv4.ts';
import type { InterfaceEntity } from '../tables.ts';

const known = new WeakMap<InterfaceEntity, readonly string[]>();

/** Printed once for each value of the state: a filter asks every interface of the region for them, each time. */
export function addressTexts(entity: InterfaceEntity): readonly string[] {
  const before = known.get(entity);
  if (before !== undefined) return before;
  const texts = entity.addresses.map(formatIpv4);
  known.set(entity, texts);
  return texts;
}
