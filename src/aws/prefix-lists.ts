/** Managed prefix lists: which version each has, and its entries. */
import {
  DescribeManagedPrefixListsCommand,
  type EC2Client,
  GetManagedPrefixListEntriesCommand,
} from '@aws-sdk/client-ec2';

import { FILTER_VALUES, allPages, chunks } from './pages.ts';
import type { Ec2, Ec2PrefixList } from './port.ts';
import { required } from './read-answer.ts';

/** The most that these two calls give at once. */
const PAGE = 100;

/** Ids go in as a filter: unlike a list of ids, it may be paged, and a list that is not ours to see is just not there. */
export async function describePrefixLists(
  client: EC2Client,
  ids: readonly string[],
): Promise<readonly Ec2PrefixList[]> {
  const found: Ec2PrefixList[] = [];
  for (const Values of chunks(ids, FILTER_VALUES)) {
    const lists = await allPages({
      page: (NextToken) =>
        client.send(
          new DescribeManagedPrefixListsCommand({
            Filters: [{ Name: 'prefix-list-id', Values: [...Values] }],
            MaxResults: PAGE,
            NextToken,
          }),
        ),
      items: ({ PrefixLists }) => PrefixLists,
    });
    found.push(
      ...lists.map(({ PrefixListId, Version }) => ({
        id: required(PrefixListId, 'PrefixList.PrefixListId'),
        ...(Version !== undefined && { version: Version }),
      })),
    );
  }
  return found;
}

export async function prefixListEntries(
  client: EC2Client,
  { list, version }: Parameters<Ec2['prefixListEntries']>[0],
): Promise<readonly string[]> {
  const entries = await allPages({
    page: (NextToken) =>
      client.send(
        new GetManagedPrefixListEntriesCommand({
          PrefixListId: list,
          MaxResults: PAGE,
          NextToken,
          // A change between two pages would else give a part of each version.
          ...(version !== undefined && { TargetVersion: version }),
        }),
      ),
    items: ({ Entries }) => Entries,
  });
  return entries.map(({ Cidr }) => required(Cidr, 'PrefixListEntry.Cidr'));
}
