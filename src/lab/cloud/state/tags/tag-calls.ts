/** CreateTags, DeleteTags, DescribeTags. */
import type {
  CreateTagsRequest,
  DeleteTagsRequest,
  DescribeTagsRequest,
  DescribeTagsResult,
} from '@aws-sdk/client-ec2';

import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { type KindName, isId, kindOfId, kinds, putTags } from '../resource-kinds.ts';
import type { Tags } from '../tables.ts';
import { mustFit, readTags } from './tags.ts';

export function createTags(draft: Draft, request: CreateTagsRequest): object {
  const added = readTags(request.Tags ?? []);
  for (const id of request.Resources ?? []) change(draft, id, (tags) => mustFit({ ...tags, ...added }));
  return {};
}

/** Without tags: all of the resource's. A tag with a value is removed only where it has that value. */
export function deleteTags(draft: Draft, request: DeleteTagsRequest): object {
  for (const id of request.Resources ?? []) {
    change(draft, id, (tags) => {
      if (request.Tags === undefined) return {};
      const doomed = request.Tags;
      return Object.fromEntries(
        Object.entries(tags).filter(
          ([key, value]) => !doomed.some(({ Key, Value }) => Key === key && (Value === undefined || Value === value)),
        ),
      );
    });
  }
  return {};
}

function change(draft: Draft, id: string, edit: (tags: Tags) => Tags): void {
  if (isId('sgr', id)) {
    changeRule(draft, id, edit);
    return;
  }
  const kind = kindOfId(id);
  if (kind === undefined) throw new Ec2Error('InvalidID', `The ID '${id}' is not valid`);
  putTags(draft, kind, id, edit);
}

function changeRule(draft: Draft, id: string, edit: (tags: Tags) => Tags): void {
  for (const group of draft.all('groups')) {
    if (!group.rules.some((rule) => rule.id === id)) continue;
    const rules = group.rules.map((rule) => (rule.id === id ? { ...rule, tags: edit(rule.tags) } : rule));
    draft.put('groups', { ...group, rules });
    return;
  }
  throw new Ec2Error('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);
}

interface TagRow {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly value: string;
  readonly tags: Tags;
}

export function describeTags(view: View, request: DescribeTagsRequest): DescribeTagsResult {
  const rows = (Object.keys(kinds) as KindName[]).flatMap((name) =>
    [...view.all(kinds[name].table)].flatMap((entity): TagRow[] =>
      Object.entries(entity.tags).map(([key, value]) => ({
        id: entity.id,
        type: kinds[name].tagType,
        key,
        value,
        tags: { [key]: value },
      })),
    ),
  );
  const found = applyFilters(rows, request.Filters, {
    key: (row) => [row.key],
    value: (row) => [row.value],
    'resource-id': (row) => [row.id],
    'resource-type': (row) => [row.type],
  });
  const { page, nextToken } = paginate(found, { request, idOf: (row) => `${row.id}/${row.key}` });
  return {
    NextToken: nextToken,
    Tags: page.map((row) => ({
      Key: row.key,
      ResourceId: row.id,
      ResourceType: row.type as never,
      Value: row.value,
    })),
  };
}
