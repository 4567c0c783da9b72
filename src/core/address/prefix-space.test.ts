import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatIp } from './ip.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Ipv6 } from './ipv6.ts';
import {
  addressCount,
  delegatedLength,
  disjoint,
  firstFree,
  reservedPrefixes,
  routerAddress,
  split,
  subtract,
} from './prefix-space.ts';
import {
  type Prefix,
  addressesOf,
  containsAddress,
  containsPrefix,
  formatPrefix,
  overlaps,
  prefix,
  prefix4,
} from './prefix.ts';

/** Small enough to list: a /24 of IPv4, a /120 of IPv6. */
const spaces = { four: prefix('10.0.7.0/24'), six: prefix('2001:db8::700/120') };
const space = fc.constantFrom(spaces.four, spaces.six);
/** Prefixes in and around a space. */
const taken = (within: Prefix): fc.Arbitrary<readonly Prefix[]> => {
  const full = typeof within.base === 'number' ? 32 : 128;
  const one = fc.record({ offset: fc.nat({ max: 300 }), bits: fc.nat({ max: 9 }) }).map(({ offset, bits }): Prefix => {
    const aligned = BigInt(Math.floor(offset / 2 ** bits) * 2 ** bits);
    const base = ((BigInt(within.base) + aligned) >> BigInt(bits)) << BigInt(bits);
    return full === 32
      ? { base: Number(base) as Ipv4, length: full - bits }
      : { base: base as Ipv6, length: full - bits };
  });
  return fc.array(one, { maxLength: 12 });
};
const worlds = space.chain((within) => fc.record({ within: fc.constant(within), taken: taken(within) }));
const texts = (prefixes: Iterable<Prefix>): readonly string[] => Array.from(prefixes, formatPrefix);

describe('taking prefixes out of a range', () => {
  it('leaves exactly the addresses that none of them has, in order and without overlap', () => {
    fc.assert(
      fc.property(worlds, ({ within, taken }) => {
        const left = subtract(within, taken);
        const expected = [...addressesOf(within)].filter((each) => !taken.some((out) => containsAddress(out, each)));
        expect(left.flatMap((each) => [...addressesOf(each)])).toEqual(expected);
      }),
    );
  });

  it('leaves as few prefixes as can be: no two are halves of one', () => {
    fc.assert(
      fc.property(worlds, ({ within, taken }) => {
        const left = subtract(within, taken);
        for (const [index, each] of left.entries()) {
          const after = left[index + 1];
          if (after === undefined || after.length !== each.length) continue;
          const parent = { ...each, length: each.length - 1 } as Prefix;
          expect(containsAddress(parent, each.base) && containsAddress(parent, after.base)).toBe(false);
        }
      }),
    );
  });

  it('does not list what it divides', () => {
    expect(
      texts(subtract(prefix('::/0'), [prefix('::/1'), prefix('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128')])),
    ).toHaveLength(127);
    expect(texts(subtract(prefix('10.0.0.0/8'), [prefix('10.0.0.0/9'), prefix('::/0')]))).toEqual(['10.128.0.0/9']);
  });
});

describe('dividing a range', () => {
  it('gives the parts of a length, in order', () => {
    expect(texts(split(prefix('10.0.0.0/26'), 28))).toEqual([
      '10.0.0.0/28',
      '10.0.0.16/28',
      '10.0.0.32/28',
      '10.0.0.48/28',
    ]);
    expect(texts(split(prefix('2001:db8::/78'), 80))).toEqual([
      '2001:db8::/80',
      '2001:db8:0:0:1::/80',
      '2001:db8:0:0:2::/80',
      '2001:db8:0:0:3::/80',
    ]);
  });

  it('gives itself for its own length, and nothing for a shorter or an impossible one', () => {
    expect(texts(split(prefix('10.0.0.0/28'), 28))).toEqual(['10.0.0.0/28']);
    expect(texts(split(prefix('10.0.0.0/28'), 27))).toEqual([]);
    expect(texts(split(prefix('10.0.0.0/28'), 33))).toEqual([]);
  });

  it('goes to the very end of the address space and no further', () => {
    expect(texts(split(prefix('255.255.255.254/31'), 32))).toEqual(['255.255.255.254/32', '255.255.255.255/32']);
    expect(texts(split(prefix('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127'), 128))).toHaveLength(2);
  });

  it('can begin what has no end in sight', () => {
    const [first, second] = split(prefix('2001:db8::/32'), 80);
    expect(texts([first, second].filter((each) => each !== undefined))).toEqual([
      '2001:db8::/80',
      '2001:db8:0:0:1::/80',
    ]);
  });

  it('covers the range without overlap', () => {
    fc.assert(
      fc.property(space, fc.nat({ max: 8 }), (within, bits) => {
        const parts = [...split(within, within.length + bits)];
        expect(parts).toHaveLength(2 ** bits);
        expect(parts.every((part) => containsPrefix(within, part))).toBe(true);
        expect(parts.flatMap((part) => [...addressesOf(part)])).toEqual([...addressesOf(within)]);
      }),
    );
  });
});

describe('finding room', () => {
  it('finds the lowest free part of a length, and only where there is one', () => {
    fc.assert(
      fc.property(worlds, fc.nat({ max: 8 }), ({ within, taken }, bits) => {
        const length = within.length + bits;
        const expected = [...split(within, length)].find((part) => !taken.some((each) => overlaps(part, each)));
        expect(firstFree(within, { taken, length })).toEqual(expected);
      }),
    );
  });

  it('finds none in a fragmented subnet, though most addresses are free', () => {
    const subnet = prefix('10.0.0.0/26');
    const scattered = ['10.0.0.0/32', '10.0.0.16/32', '10.0.0.40/32', '10.0.0.63/32'].map(prefix);
    expect(firstFree(subnet, { taken: scattered, length: delegatedLength(subnet) })).toBeUndefined();
    expect(firstFree(subnet, { taken: scattered.slice(0, 3), length: 28 })).toEqual(prefix('10.0.0.48/28'));
  });

  it('finds a /80 in a /64 at once', () => {
    const subnet = prefix('2001:db8:0:1::/64');
    expect(firstFree(subnet, { taken: reservedPrefixes(subnet), length: delegatedLength(subnet) })).toEqual(
      prefix('2001:db8:0:1:1::/80'),
    );
  });

  it('finds nothing wider than the range itself', () => {
    expect(firstFree(prefix('10.0.0.0/28'), { taken: [], length: 27 })).toBeUndefined();
  });
});

describe('a subnet', () => {
  it('keeps its first four addresses and the last one for EC2', () => {
    expect(texts(reservedPrefixes(prefix('10.0.0.0/24')))).toEqual(['10.0.0.0/30', '10.0.0.255/32']);
    expect(texts(reservedPrefixes(prefix('2001:db8::/64')))).toEqual([
      '2001:db8::/126',
      '2001:db8::ffff:ffff:ffff:ffff/128',
    ]);
  });

  it('has its router at the second address', () => {
    expect(formatIp(routerAddress(prefix4('10.0.16.0/20')))).toBe('10.0.16.1');
  });

  it('counts its addresses beyond what a number holds', () => {
    expect(addressCount(prefix('10.0.0.0/24'))).toBe(256n);
    expect(addressCount(prefix('2001:db8::/64'))).toBe(2n ** 64n);
  });
});

describe('ranges without overlaps', () => {
  it('leave out what a wider one holds, and repetitions', () => {
    const given = ['10.1.0.0/16', '10.0.0.0/16', '10.1.2.0/24', '10.0.0.0/16', '100.64.0.0/10'].map(prefix);
    expect(texts(disjoint(given))).toEqual(['10.0.0.0/16', '10.1.0.0/16', '100.64.0.0/10']);
    expect(texts(disjoint([...given, prefix('0.0.0.0/0')]))).toEqual(['0.0.0.0/0']);
  });
});
