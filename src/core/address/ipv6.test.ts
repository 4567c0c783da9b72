import { isIPv6 } from 'node:net';

import * as fc from 'fast-check';
import { Address6 } from 'ip-address';
import { describe, expect, it } from 'vitest';

import { compareIps, formatIp, ip, isIpv4 } from './ip.ts';
import { type Ipv6, formatIpv6, ipv6, ipv6Bytes, parseIpv6 } from './ipv6.ts';

const group = fc.constantFrom(
  '0',
  '1',
  'ffff',
  'db8',
  '0000',
  'ABCD',
  '',
  '12345',
  'g',
  '10.0.0.1',
  '10.0.0.01',
  ' 1',
  '-1',
);
/** Near misses and hits alike. */
const anyText = fc.oneof(
  fc.ipV6(),
  fc.string({ maxLength: 20 }),
  fc.array(group, { maxLength: 10 }).map((groups) => groups.join(':')),
  fc
    .tuple(fc.array(group, { maxLength: 8 }), fc.array(group, { maxLength: 8 }))
    .map((halves) => halves.map((half) => half.filter((each) => each !== '').join(':')).join('::')),
);
/** With many zero groups, which is where texts differ. */
const anyAddress = fc
  .array(fc.oneof(fc.constant(0), fc.nat({ max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, each) => value * 65_536n + BigInt(each), 0n) as Ipv6);

describe('IPv6 addresses', () => {
  it.each([
    ['fe80::1%eth0', '"fe80::1%eth0" has a zone id, which means something on one machine only'],
    ['10.0.0.1', '"10.0.0.1" has no colon, it is no IPv6 address'],
    ['1::2::3', '"1::2::3" has "::" more than once'],
    ['1:2:3:4:5:6:7', '"1:2:3:4:5:6:7" has 7 groups, an IPv6 address has eight'],
    ['1:2:3:4:5:6:7:8:9', '"1:2:3:4:5:6:7:8:9" has 9 groups, an IPv6 address has eight'],
    ['1:2:3:4::5:6:7:8', '"1:2:3:4::5:6:7:8" has 8 groups beside "::", which stands for at least one'],
    ['12345::', '"12345" in "12345::" is not a group of one to four hex digits'],
    ['g::', '"g" in "g::" is not a group of one to four hex digits'],
    [':1::', '":1::" has an empty group beside a single colon'],
    ['1:2:3:4:5:6:7:', '"1:2:3:4:5:6:7:" has an empty group beside a single colon'],
    [
      '::10.0.0.01',
      'the IPv4 tail of "::10.0.0.01" is no address: "01" in "10.0.0.01" has a leading zero, which some programs read as octal',
    ],
    ['10.0.0.1::', '"10.0.0.1" in "10.0.0.1::" is not a group of one to four hex digits'],
    ['::1 ', '"1 " in "::1 " is not a group of one to four hex digits'],
  ])('refuse %j and say what is wrong with it', (text, reason) => {
    expect(parseIpv6(text)).toEqual({ ok: false, reason });
    expect(() => ipv6(text)).toThrow(new RangeError(reason));
  });

  it('are read where the operating system reads them, zone ids apart, and nowhere else', () => {
    fc.assert(
      fc.property(anyText, (text) => parseIpv6(text).ok === (isIPv6(text) && !text.includes('%'))),
      { numRuns: 2000 },
    );
  });

  it('mean the same number as to another library, and print the same', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const text = formatIpv6(address);
        const oracle = new Address6(text);
        expect(oracle.bigInt()).toBe(address);
        // The other library prints IPv4-mapped addresses without their dotted tail.
        if (!text.includes('.')) expect(text).toBe(oracle.correctForm());
        expect(ipv6(text)).toBe(address);
      }),
    );
  });

  it.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s prints as RFC 5952 wants: %s', (text, canonical) => {
    expect(formatIpv6(ipv6(text))).toBe(canonical);
  });

  it('have their bytes in network order', () => {
    expect([...ipv6Bytes(ipv6('2001:db8::ff01'))]).toEqual([
      0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 1,
    ]);
  });
});

describe('addresses of either family', () => {
  it('are told apart by their text and print it back', () => {
    for (const text of ['10.0.0.1', '2001:db8::1']) expect(formatIp(ip(text))).toBe(text);
    expect(isIpv4(ip('0.0.0.0'))).toBe(true);
    expect(isIpv4(ip('::'))).toBe(false);
    expect(() => ip('nothing')).toThrow(RangeError);
  });

  it('sort IPv4 first, then by number', () => {
    const sorted = ['::1', '10.0.0.2', '::', '9.255.0.0', '10.0.0.1'].map(ip).sort(compareIps);
    expect(sorted.map(formatIp)).toEqual(['9.255.0.0', '10.0.0.1', '10.0.0.2', '::', '::1']);
  });
});
