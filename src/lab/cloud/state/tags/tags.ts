/** Tags as EC2 limits them: at most 50 a resource, keys of 1 to 128 characters, values of up to 256. */
import type { Tag, TagSpecification } from '@aws-sdk/client-ec2';

import { Ec2Error } from '../ec2-error.ts';
import type { Tags } from '../tables.ts';

const MOST_TAGS = 50;

export const answerTags = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export function readTags(tags: readonly Tag[]): Tags {
  const read: Record<string, string> = {};
  for (const { Key = '', Value = '' } of tags) {
    if (Key === '' || Key.length > 128) {
      throw new Ec2Error('InvalidParameterValue', `Tag key length must be between 1 and 128 characters: '${Key}'`);
    }
    if (Value.length > 256) {
      throw new Ec2Error('InvalidParameterValue', 'Tag value exceeds the maximum length of 256 characters');
    }
    if (/^aws:/i.test(Key)) {
      throw new Ec2Error('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
    }
    if (Object.hasOwn(read, Key)) {
      throw new Ec2Error('InvalidParameterValue', `Duplicate tag key '${Key}' specified.`);
    }
    // A key may be `__proto__`.
    Object.defineProperty(read, Key, { value: Value, enumerable: true, configurable: true, writable: true });
  }
  return mustFit(read);
}

export function mustFit(tags: Tags): Tags {
  if (Object.keys(tags).length > MOST_TAGS) {
    throw new Ec2Error('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.');
  }
  return tags;
}

/** Tags of a creating call for one type of resource; `allowed` are the types that the call can tag. */
export function tagsOnCreate(
  specifications: readonly TagSpecification[] | undefined,
  type: string,
  allowed: readonly string[] = [type],
): Tags {
  const tags: Tag[] = [];
  for (const { ResourceType, Tags } of specifications ?? []) {
    if (ResourceType === undefined || !allowed.includes(ResourceType)) {
      throw new Ec2Error(
        'InvalidParameterValue',
        `'${ResourceType ?? 'null'}' is not a valid taggable resource type for this operation.`,
      );
    }
    if (Tags === undefined || Tags.length === 0) {
      throw new Ec2Error('InvalidParameterValue', 'Tag specification must have at least one tag');
    }
    if (ResourceType === type) tags.push(...Tags);
  }
  return readTags(tags);
}
