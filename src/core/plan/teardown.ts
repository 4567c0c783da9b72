/** What is left to do for a node that has gone: every interface that was made for its sets goes, whatever used it. */
import type { Action } from './action.ts';
import { isLeaving, isLoose, isOurs, servedSet } from './observed.ts';
import type { ObservedInterface } from './snapshot.ts';
import { DETACHING_RECHECK_MS } from './targets.ts';

export interface Teardown {
  readonly actions: readonly Action[];
  /** Nothing of ours exists any more: the record may go. */
  readonly done: boolean;
  /** Observe EC2 and plan again after so long. */
  readonly againMs?: number;
}

export function planTeardown(interfaces: readonly ObservedInterface[], instance: string): Teardown {
  const ours = interfaces.filter((seen) => isOurs(seen, instance));
  const actions = ours.flatMap((seen): readonly Action[] => {
    const common = { pool: servedSet(seen), interface: seen.id, reason: `the node of ${instance} has gone` };
    if (isLoose(seen)) return [{ kind: 'delete-interface', ...common }];
    const { attachment } = seen;
    if (attachment === undefined || isLeaving(seen)) return [];
    return [{ kind: 'detach-interface', ...common, attachment: attachment.id }];
  });
  return { actions, done: ours.length === 0, ...(ours.length === 0 ? {} : { againMs: DETACHING_RECHECK_MS }) };
}
