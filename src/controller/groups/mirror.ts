/**
 * `groups.mirror`: keeps the `SecurityGroup` records like EC2's rules, for the groups in use. Agents judge by them, so a
 * record is there before anything names its group, and goes only some time after the last use.
 */
import { isDeepStrictEqual } from 'node:util';

import { CodedError } from '../../core/errors/coded-error.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { Clock } from '../../kube/clock.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Kube } from '../../kube/port.ts';
import { resources } from '../../kube/resources.ts';
import type { Cluster } from '../cluster.ts';
import type { Log } from '../../daemon/log.ts';
import type { VpcFacts } from '../vpc/vpc-watch.ts';
import { groupsOfRecords, listsOf, planMirror, recordOf, withReferenced } from './plan-mirror.ts';
import type { ListEntries, PrefixLists } from './prefix-lists.ts';
import { createListReporter } from './report-lists.ts';

export interface Mirror {
  /** Makes the records of these groups, and of those that they refer to, where they are absent. */
  ensure(groups: readonly string[], facts: VpcFacts): Promise<void>;
  /** Brings all records up to date; `afterMs`: again then, to take away what is unused. */
  sync(facts: readonly VpcFacts[]): Promise<{ readonly afterMs?: number }>;
}

export interface MirrorOptions {
  readonly kube: Pick<Kube, 'create' | 'patch' | 'delete'>;
  readonly cluster: Pick<Cluster, 'records' | 'groups'>;
  readonly lists: PrefixLists;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
}

/** A node's record may name a group before our own cache shows that record. */
const UNUSED_MS = 60_000;

export function createMirror({ kube, cluster, lists, events, clock, log }: MirrorOptions): Mirror {
  const report = createListReporter({ events, lists });
  const entriesOf = (list: string): ListEntries => lists.entries(list);
  const unusedSince = new Map<string, number>();

  const create = async (record: SecurityGroupRecord): Promise<void> => {
    try {
      await kube.create(resources.securityGroups, record);
      log.info({ group: record.metadata.name, rules: record.spec.rules.length }, 'group mirrored');
    } catch (error) {
      // It is there: our cache lags behind.
      if (!(error instanceof CodedError && error.code === 'kube-conflict')) throw error;
    }
  };
  const replace = async ({ metadata: { name }, spec }: SecurityGroupRecord): Promise<void> => {
    const body = [{ op: 'replace', path: '/spec', value: spec }];
    await kube.patch(resources.securityGroups, { name }, { type: 'json', body });
    log.info({ group: name, rules: spec.rules.length }, 'rules of a group have changed');
  };
  const remove = async (names: readonly string[]): Promise<{ afterMs?: number }> => {
    const now = clock.now();
    for (const name of unusedSince.keys()) if (!names.includes(name)) unusedSince.delete(name);
    for (const name of names) {
      const since = unusedSince.get(name) ?? now;
      unusedSince.set(name, since);
      if (now - since < UNUSED_MS) continue;
      await kube.delete(resources.securityGroups, { name });
      log.info({ group: name }, 'group is not in use any more');
    }
    return names.length === 0 ? {} : { afterMs: UNUSED_MS };
  };
  return {
    async ensure(groups, { groups: known }) {
      const wanted = withReferenced(new Set(groups), known);
      for (const id of wanted) unusedSince.delete(id);
      const absent = known.filter(({ id }) => wanted.has(id) && cluster.groups.get({ name: id }) === undefined);
      // A pod of the group may start as soon as its record is there.
      await lists.ensure(absent.flatMap(listsOf));
      await Promise.all(absent.map((group) => create(recordOf(group, entriesOf))));
    },
    async sync(facts) {
      const known = facts.flatMap(({ groups }) => groups);
      const records = cluster.groups.all();
      // Until EC2 has answered, what the rules refer to is known from the records alone.
      const recorded = records.map(({ metadata: { name: id }, spec: { rules } }) => ({ id, rules }));
      const used = withReferenced(groupsOfRecords(cluster.records.all()), [...known, ...recorded]);
      const mirrored = known.filter(({ id }) => used.has(id));
      lists.want(new Set(mirrored.flatMap(listsOf)));
      const plan = planMirror({ used, known, records, entriesOf, equal: isDeepStrictEqual });
      await Promise.all([...plan.create.map(create), ...plan.replace.map(replace)]);
      report(mirrored);
      return remove(plan.unused);
    },
  };
}
