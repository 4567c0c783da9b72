/** Managed prefix lists. A change makes a new version; the entries of all versions are kept. */
import type {
  CreateManagedPrefixListRequest,
  CreateManagedPrefixListResult,
  DeleteManagedPrefixListRequest,
  DeleteManagedPrefixListResult,
  ManagedPrefixList,
  ModifyManagedPrefixListRequest,
  ModifyManagedPrefixListResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { readCidr4, readCidr6 } from '../groups/rule-fields.ts';
import { rememberToken, usedToken } from '../idempotency.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { PrefixListEntity, PrefixListEntry } from '../tables.ts';
import { answerTags, tagsOnCreate } from '../tags/tags.ts';

const ENTRIES_PER_REQUEST = 100;
const ENTRIES_PER_LIST = 1000;
const action = 'CreateManagedPrefixList';

export function createManagedPrefixList(
  draft: Draft,
  request: CreateManagedPrefixListRequest,
  context: CallContext,
): CreateManagedPrefixListResult {
  const [made] = usedToken(draft, action, request) ?? [];
  if (made !== undefined) return { PrefixList: answerPrefixList(required(draft, 'prefixList', made), context) };
  const family = request.AddressFamily;
  if (family !== 'IPv4' && family !== 'IPv6') {
    throw new Ec2Error('InvalidParameterValue', `Value (${family}) for parameter addressFamily is invalid.`);
  }
  const maxEntries = readMaxEntries(request.MaxEntries);
  const entries = readEntries(request.Entries, family);
  mustFit(entries, maxEntries);
  const list: PrefixListEntity = {
    id: newId(draft, 'pl'),
    name: readName(request.PrefixListName),
    family,
    maxEntries,
    versions: [entries],
    tags: tagsOnCreate(request.TagSpecifications, 'prefix-list'),
  };
  draft.put('prefixLists', list);
  rememberToken(draft, { action, request, resources: [list.id] });
  return { PrefixList: { ...answerPrefixList(list, context), State: 'create-in-progress' } };
}

export function modifyManagedPrefixList(
  draft: Draft,
  request: ModifyManagedPrefixListRequest,
  context: CallContext,
): ModifyManagedPrefixListResult {
  const list = required(draft, 'prefixList', request.PrefixListId ?? '');
  const added = readEntries(request.AddEntries, list.family);
  const removed = (request.RemoveEntries ?? []).map(({ Cidr = '' }) => readCidr(Cidr, list.family));
  const entriesChange = added.length + removed.length > 0;
  if (entriesChange && request.MaxEntries !== undefined) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'You cannot modify the entries of a prefix list and its size in the same request.',
    );
  }
  if (entriesChange && request.CurrentVersion !== list.versions.length) {
    throw new Ec2Error(
      'PrefixListVersionMismatch',
      `The prefix list has the version ${list.versions.length}, not ${request.CurrentVersion ?? 'none'}.`,
    );
  }
  const current = list.versions.at(-1) ?? [];
  const missing = removed.find((cidr) => !current.some((entry) => entry.cidr === cidr));
  if (missing !== undefined) {
    throw new Ec2Error('InvalidParameterValue', `The entry ${missing} does not exist in the prefix list.`);
  }
  const replaced = new Set([...removed, ...added.map(({ cidr }) => cidr)]);
  const entries = [...current.filter(({ cidr }) => !replaced.has(cidr)), ...added];
  const maxEntries = request.MaxEntries === undefined ? list.maxEntries : readMaxEntries(request.MaxEntries);
  mustFit(entries, maxEntries);
  const next: PrefixListEntity = {
    ...list,
    maxEntries,
    ...(request.PrefixListName !== undefined && { name: readName(request.PrefixListName) }),
    ...(entriesChange && { versions: [...list.versions, entries] }),
  };
  draft.put('prefixLists', next);
  return { PrefixList: { ...answerPrefixList(next, context), State: 'modify-in-progress' } };
}

export function deleteManagedPrefixList(
  draft: Draft,
  request: DeleteManagedPrefixListRequest,
  context: CallContext,
): DeleteManagedPrefixListResult {
  const list = required(draft, 'prefixList', request.PrefixListId ?? '');
  const named = [...draft.all('groups')].some((group) =>
    group.rules.some(({ peer }) => peer.kind === 'prefixList' && peer.prefixList === list.id),
  );
  if (named) throw new Ec2Error('DependencyViolation', `resource ${list.id} has a dependent object`);
  draft.remove('prefixLists', list.id);
  return { PrefixList: { ...answerPrefixList(list, context), State: 'delete-in-progress' } };
}

export const answerPrefixList = (list: PrefixListEntity, { region, account }: CallContext): ManagedPrefixList => ({
  PrefixListId: list.id,
  AddressFamily: list.family,
  State: 'create-complete',
  PrefixListArn: `arn:aws:ec2:${region}:${account}:prefix-list/${list.id}`,
  PrefixListName: list.name,
  MaxEntries: list.maxEntries,
  Version: list.versions.length,
  Tags: answerTags(list.tags),
  OwnerId: account,
});

function readName(name = ''): string {
  if (name === '' || name.length > 255 || name.startsWith('com.amazonaws')) {
    throw new Ec2Error('InvalidParameterValue', `Value (${name}) for parameter prefixListName is invalid.`);
  }
  return name;
}

function readMaxEntries(count = 0): number {
  if (!Number.isInteger(count) || count < 1 || count > ENTRIES_PER_LIST) {
    throw new Ec2Error('InvalidParameterValue', `Value (${count}) for parameter maxEntries is invalid.`);
  }
  return count;
}

const readCidr = (text: string, family: PrefixListEntity['family']): string =>
  family === 'IPv4' ? readCidr4(text) : readCidr6(text);

function readEntries(
  entries: CreateManagedPrefixListRequest['Entries'] = [],
  family: PrefixListEntity['family'],
): readonly PrefixListEntry[] {
  if (entries.length > ENTRIES_PER_REQUEST) {
    throw new Ec2Error('InvalidParameterValue', `A request may have at most ${ENTRIES_PER_REQUEST} entries.`);
  }
  const read = entries.map(({ Cidr = '', Description }) => ({
    cidr: readCidr(Cidr, family),
    ...(Description !== undefined && { description: Description }),
  }));
  if (new Set(read.map(({ cidr }) => cidr)).size < read.length) {
    throw new Ec2Error('InvalidParameterValue', 'The same entry must not appear multiple times');
  }
  return read;
}

function mustFit(entries: readonly PrefixListEntry[], maxEntries: number): void {
  if (entries.length > maxEntries) {
    throw new Ec2Error('PrefixListMaxEntriesExceeded', `The prefix list would have more than ${maxEntries} entries.`);
  }
}
