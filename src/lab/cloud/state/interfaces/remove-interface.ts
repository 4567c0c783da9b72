/** Takes an interface away with what is kept for it. */
import type { Draft } from '../draft.ts';
import { freeBranches } from '../trunks/trunk-calls.ts';

export function removeInterface(draft: Draft, id: string): void {
  for (const permission of draft.all('permissions')) {
    if (permission.interface === id) draft.remove('permissions', permission.id);
  }
  freeBranches(draft, id);
  draft.remove('interfaces', id);
}
