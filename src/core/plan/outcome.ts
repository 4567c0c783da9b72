/** What EC2 shows, or will show, once an action has succeeded: describing it can lag behind by seconds. */
import type {
  AssignAddresses,
  AttachInterface,
  CreateInterface,
  DeleteInterface,
  DetachInterface,
  SetDeleteOnTermination,
} from './action.ts';
import type { ObservedInterface } from './snapshot.ts';

export type Outcome =
  | { readonly action: CreateInterface; readonly created: ObservedInterface }
  | { readonly action: AttachInterface; readonly attachment: string }
  | { readonly action: AssignAddresses; readonly assigned: readonly string[] }
  | { readonly action: SetDeleteOnTermination | DetachInterface | DeleteInterface };

/** The interface that the outcome is about, as it is now; undefined: it is gone. */
export function afterOutcome(before: ObservedInterface | undefined, outcome: Outcome): ObservedInterface | undefined {
  if ('created' in outcome) return outcome.created;
  if (before === undefined) return undefined;
  if ('assigned' in outcome) {
    return { ...before, addresses: [...new Set([...before.addresses, ...outcome.assigned])] };
  }
  if ('attachment' in outcome) {
    const { instance, deviceIndex, card } = outcome.action;
    const place = { id: outcome.attachment, instance, deviceIndex, card };
    return { ...before, status: 'in-use', attachment: { ...place, status: 'attaching', deleteOnTermination: false } };
  }
  const { attachment } = before;
  switch (outcome.action.kind) {
    case 'delete-interface':
      return undefined;
    case 'detach-interface':
      return attachment === undefined ? before : { ...before, attachment: { ...attachment, status: 'detaching' } };
    case 'set-delete-on-termination':
      return attachment === undefined
        ? before
        : { ...before, attachment: { ...attachment, deleteOnTermination: true } };
  }
}
