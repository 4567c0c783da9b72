/** DescribeManagedPrefixLists and GetManagedPrefixListEntries. */
import type {
  DescribeManagedPrefixListsRequest,
  DescribeManagedPrefixListsResult,
  GetManagedPrefixListEntriesRequest,
  GetManagedPrefixListEntriesResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { listed, required } from '../resource-kinds.ts';
import { answerPrefixList } from './prefix-list-calls.ts';

export function describeManagedPrefixLists(
  view: View,
  request: DescribeManagedPrefixListsRequest,
  context: CallContext,
): DescribeManagedPrefixListsResult {
  const found = applyFilters(listed(view, 'prefixList', request.PrefixListIds), request.Filters, {
    'owner-id': () => [context.account],
    'prefix-list-id': (list) => [list.id],
    'prefix-list-name': (list) => [list.name],
  });
  const { page, nextToken } = paginate(found, { request, idOf: (list) => list.id, least: 1, most: 100 });
  return { NextToken: nextToken, PrefixLists: page.map((list) => answerPrefixList(list, context)) };
}

export function getManagedPrefixListEntries(
  view: View,
  request: GetManagedPrefixListEntriesRequest,
): GetManagedPrefixListEntriesResult {
  const list = required(view, 'prefixList', request.PrefixListId ?? '');
  const version = request.TargetVersion ?? list.versions.length;
  const entries = list.versions[version - 1];
  if (entries === undefined) {
    throw new Ec2Error('InvalidParameterValue', `The prefix list has no version ${version}.`);
  }
  const { page, nextToken } = paginate(entries, { request, idOf: ({ cidr }) => cidr, least: 1, most: 100 });
  return {
    NextToken: nextToken,
    Entries: page.map(({ cidr, description }) => ({ Cidr: cidr, Description: description })),
  };
}
