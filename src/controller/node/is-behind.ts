/**
 * Whether EC2 shows less than the record says. A description can lag behind a predecessor's last calls, of which we know
 * nothing but the record: one that drops an interface for such a moment cuts its pods off.
 */
import { isOn } from '../../core/plan/observed.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { Observation } from './observer.ts';

export const isBehind = ({ interfaces, instance }: Observation, { spec }: Pick<NodeNetwork, 'spec'>): boolean =>
  spec.interfaces.some(({ id, addresses, prefixes }) => {
    const seen = interfaces.find((each) => each.id === id);
    if (seen === undefined || !isOn(seen, instance.id)) return true;
    const shown = new Set([...seen.addresses, ...seen.prefixes]);
    return [...addresses, ...prefixes].some((each) => !shown.has(each));
  });
