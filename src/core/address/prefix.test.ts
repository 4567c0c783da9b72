import * as fc from 'fast-check';
import { Address4, Address6 } from 'ip-address';
import { describe, expect, it } from 'vitest';

import { formatIp, ip } from './ip.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Ipv6 } from './ipv6.ts';
import {
  type Prefix,
  addressAt,
  addressesOf,
  comparePrefixes,
  containsAddress,
  containsPrefix,
  formatPrefix,
  hostPrefix,
  overlaps,
  parsePrefix,
  parsePrefix4,
  parsePrefixLoosely,
  prefix,
  prefix4,
  prefixSize,
} from './prefix.ts';

const some4 = fc.record({ base: fc.nat({ max: 0xffff_ffff }) as fc.Arbitrary<Ipv4>, length: fc.nat({ max: 32 }) });
const some6 = fc.record({
  base: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }) as fc.Arbitrary<Ipv6>,
  length: fc.nat({ max: 128 }),
});
/** Texts of networks with bits beyond the length, as people write them. */
const looseText = fc.oneof(some4, some6).map(({ base, length }) => `${formatIp(base)}/${length}`);
const oracleOf = (text: string): Address4 | Address6 => (text.includes(':') ? new Address6(text) : new Address4(text));
const loosely = (text: string): Prefix => {
  const parsed = parsePrefixLoosely(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
};

describe('prefixes', () => {
  it.each([
    ['10.0.0.0', '"10.0.0.0" has no prefix length; a single address is written with /32'],
    ['2001:db8::', '"2001:db8::" has no prefix length; a single address is written with /128'],
    ['10.0.0.0/33', '"33" in "10.0.0.0/33" is not a prefix length from 0 to 32'],
    ['::/129', '"129" in "::/129" is not a prefix length from 0 to 128'],
    ['10.0.0.0/08', '"08" in "10.0.0.0/08" is not a prefix length from 0 to 32'],
    ['10.0.0.0/', '"" in "10.0.0.0/" is not a prefix length from 0 to 32'],
    ['10.0.0.0/255.0.0.0', '"255.0.0.0" in "10.0.0.0/255.0.0.0" is not a prefix length from 0 to 32'],
    ['10.0.0/8', '"10.0.0" has 3 parts, an IPv4 address has four'],
    ['10.0.0.1/16', '"10.0.0.1/16" has bits set beyond its length; the network is 10.0.0.0/16'],
    ['2001:db8::1/64', '"2001:db8::1/64" has bits set beyond its length; the network is 2001:db8::/64'],
  ])('refuse %j and say what is wrong with it', (text, reason) => {
    expect(parsePrefix(text)).toEqual({ ok: false, reason });
    expect(() => prefix(text)).toThrow(new RangeError(reason));
  });

  it('take an IPv6 network in any of its spellings', () => {
    expect(formatPrefix(prefix('2001:0DB8:0:0::/56'))).toBe('2001:db8::/56');
  });

  it('lose their bits beyond the length when read as EC2 reads them', () => {
    expect(formatPrefix(loosely('100.68.0.18/18'))).toBe('100.68.0.0/18');
    expect(formatPrefix(loosely('2001:db8::1/64'))).toBe('2001:db8::/64');
  });

  it('start and end where another library says', () => {
    fc.assert(
      fc.property(looseText, (text) => {
        const read = loosely(text);
        const oracle = oracleOf(text);
        const last = BigInt(read.base) + (1n << BigInt((text.includes(':') ? 128 : 32) - read.length)) - 1n;
        return BigInt(read.base) === oracle.startAddress().bigInt() && last === oracle.endAddress().bigInt();
      }),
    );
  });

  it('survive the way through their text', () => {
    fc.assert(
      fc.property(looseText, (text) => {
        const read = loosely(text);
        expect(prefix(formatPrefix(read))).toEqual(read);
      }),
    );
  });

  it('contain one another where another library says', () => {
    // Near relations are rare among random networks: shorten one of the two to get them.
    const pairs = fc
      .tuple(looseText, looseText, fc.nat({ max: 32 }), fc.boolean())
      .map(([a, b, length, related]) => [a, related ? `${a.slice(0, a.indexOf('/'))}/${length}` : b]);
    fc.assert(
      fc.property(pairs, ([a = '', b = '']) => {
        const sameFamily = a.includes(':') === b.includes(':');
        const inB = sameFamily && (oracleOf(a) as Address4).isInSubnet(oracleOf(b));
        const inA = sameFamily && (oracleOf(b) as Address4).isInSubnet(oracleOf(a));
        expect(containsPrefix(loosely(b), loosely(a))).toBe(inB);
        expect(overlaps(loosely(a), loosely(b))).toBe(inA || inB);
        expect(overlaps(loosely(b), loosely(a))).toBe(inA || inB);
      }),
    );
  });

  it('hold no address of the other family, not even the widest', () => {
    expect(containsAddress(prefix('0.0.0.0/0'), ip('::1'))).toBe(false);
    expect(containsAddress(prefix('::/0'), ip('10.0.0.1'))).toBe(false);
    expect(containsAddress(prefix('::/0'), ip('ffff::1'))).toBe(true);
    expect(containsAddress(prefix('0.0.0.0/0'), ip('255.255.255.255'))).toBe(true);
  });

  it('hold a single address at full length', () => {
    for (const address of [ip('10.0.0.1'), ip('2001:db8::1')]) {
      expect(containsAddress(hostPrefix(address), address)).toBe(true);
      expect(formatPrefix(hostPrefix(address))).toBe(`${formatIp(address)}/${typeof address === 'number' ? 32 : 128}`);
    }
  });

  it('sort by family, base and width', () => {
    const sorted = ['::/0', '10.0.0.0/16', '9.0.0.0/8', '10.0.0.0/8'].map(prefix).sort(comparePrefixes);
    expect(sorted.map(formatPrefix)).toEqual(['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/16', '::/0']);
  });

  it('count and list their addresses without the bits of 32-bit arithmetic going astray', () => {
    expect([...addressesOf(prefix4('255.255.255.252/30'))].map(formatIp)).toEqual([
      '255.255.255.252',
      '255.255.255.253',
      '255.255.255.254',
      '255.255.255.255',
    ]);
    expect(prefixSize(prefix4('0.0.0.0/0'))).toBe(2 ** 32);
    expect(formatIp(addressAt(prefix4('10.0.0.0/8'), 0xffffff))).toBe('10.255.255.255');
    expect(addressesOf(prefix4('0.0.0.0/0')).next().value).toBe(0);
  });

  it('of IPv4 take no IPv6 text', () => {
    expect(parsePrefix4('::/0').ok).toBe(false);
  });
});
