/** Tells of prefix lists that cannot be read where the rules that name them are looked at: on the records of groups. */
import type { Ec2SecurityGroup } from '../../aws/port.ts';
import { API_GROUP, API_VERSION } from '../../core/names.ts';
import { type EventRecorder, reasonOf } from '../../kube/events.ts';
import { listsOf } from './plan-mirror.ts';
import type { PrefixLists } from './prefix-lists.ts';

export interface ListReporterOptions {
  readonly events: EventRecorder;
  readonly lists: Pick<PrefixLists, 'trouble'>;
}

/** All that is wrong now: what is new is told, what is gone is forgotten and would be told again. */
export function createListReporter({
  events,
  lists,
}: ListReporterOptions): (groups: readonly Ec2SecurityGroup[]) => void {
  let told: ReadonlySet<string> = new Set();
  return (groups) => {
    const now = new Set<string>();
    for (const group of groups) {
      for (const error of listsOf(group).map((list) => lists.trouble(list))) {
        if (error === undefined) continue;
        const key = `${group.id} ${error.detail}`;
        now.add(key);
        if (told.has(key)) continue;
        const about = { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: 'SecurityGroup', name: group.id };
        // Events never fail the work that they tell of, and nothing waits for them.
        void events.record({ about, type: 'Warning', reason: reasonOf(error.code), message: error.message });
      }
    }
    told = now;
  };
}
