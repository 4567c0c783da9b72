import { isIPv4 } from 'node:net';

import * as fc from 'fast-check';
import { Address4 } from 'ip-address';
import { describe, expect, it } from 'vitest';

import { type Ipv4, formatIpv4, ipv4, ipv4Bytes, parseIpv4 } from './ipv4.ts';

const anyAddress = fc.nat({ max: 0xffff_ffff }) as fc.Arbitrary<Ipv4>;
/** Near misses and hits alike. */
const anyText = fc.oneof(
  fc.ipV4(),
  fc.string({ maxLength: 16 }),
  fc
    .array(fc.oneof(fc.nat({ max: 300 }).map(String), fc.constantFrom('', '00', '01', ' 1', '0x1', '+1', '1e1')), {
      maxLength: 5,
    })
    .map((parts) => parts.join('.')),
);

describe('IPv4 addresses', () => {
  it.each([
    ['10.0.1', '"10.0.1" has 3 parts, an IPv4 address has four'],
    ['10.0.0.1.', '"10.0.0.1." has 5 parts, an IPv4 address has four'],
    ['10.0.0.256', '"256" in "10.0.0.256" is above 255'],
    ['10.0.0.010', '"010" in "10.0.0.010" has a leading zero, which some programs read as octal'],
    ['10.0.0.0x1', '"0x1" in "10.0.0.0x1" is not a decimal number of one to three digits'],
    ['10.0.0. 1', '" 1" in "10.0.0. 1" is not a decimal number of one to three digits'],
    ['10..0.1', '"" in "10..0.1" is not a decimal number of one to three digits'],
    ['', '"" has 1 parts, an IPv4 address has four'],
  ])('refuse %j and say what is wrong with it', (text, reason) => {
    expect(parseIpv4(text)).toEqual({ ok: false, reason });
    expect(() => ipv4(text)).toThrow(new RangeError(reason));
  });

  it('are read where the operating system reads them, and nowhere else', () => {
    fc.assert(fc.property(anyText, (text) => parseIpv4(text).ok === isIPv4(text)));
  });

  it('mean the same number as to another library, and print the same', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const text = formatIpv4(address);
        const oracle = new Address4(text);
        return oracle.bigInt() === BigInt(address) && oracle.correctForm() === text && ipv4(text) === address;
      }),
    );
  });

  it('have their octets in network order', () => {
    expect([...ipv4Bytes(ipv4('203.0.113.7'))]).toEqual([203, 0, 113, 7]);
  });
});
