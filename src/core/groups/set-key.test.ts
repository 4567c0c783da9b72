import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { setKey, shortHash, sortedGroups } from './set-key.ts';

describe('a set’s key', () => {
  it('is the first 16 hex digits of SHA-256 over the sorted ids joined by commas', () => {
    const expected = createHash('sha256').update('sg-a,sg-b').digest('hex').slice(0, 16);
    expect(setKey(['sg-b', 'sg-a'])).toBe(expected);
  });

  it('is the same in every order and however often an id is named', () => {
    const ids = fc.array(fc.stringMatching(/^sg-[0-9a-f]{8}$/), { minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(ids, (groups) => {
        const key = setKey(groups);
        return setKey(groups.toReversed()) === key && setKey([...groups, ...groups]) === key;
      }),
    );
  });

  it('differs for different sets', () => {
    expect(setKey(['sg-a'])).not.toBe(setKey(['sg-a', 'sg-b']));
  });

  it('lists each id once, sorted', () => {
    expect(sortedGroups(['sg-b', 'sg-a', 'sg-b'])).toEqual(['sg-a', 'sg-b']);
  });
});

describe('shortHash', () => {
  it('is a prefix of SHA-256 over UTF-8', () => {
    expect(shortHash('ü', 11)).toBe(createHash('sha256').update('ü').digest('hex').slice(0, 11));
  });
});
