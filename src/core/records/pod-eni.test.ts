import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CodedError } from '../errors/coded-error.ts';
import { parsePodEni } from './pod-eni.ts';

/** As EKS's controller writes it. */
const written = {
  eniId: 'eni-0123456789abcdef0',
  ifAddress: '06:1B:2c:3d:4e:5f',
  privateIp: '10.0.1.7',
  ipv6Addr: '',
  vlanId: 3,
  subnetCidr: '10.0.0.0/20',
  subnetV6Cidr: '',
  associationID: 'trunk-assoc-0123456789abcdef0',
};
const parse = (more: object) => parsePodEni(JSON.stringify([{ ...written, ...more }]));
const refusal = (read: ReturnType<typeof parsePodEni>) => (read instanceof CodedError ? read.detail : read);

describe('the annotation pod-eni', () => {
  it('names interface, MAC, address, VLAN id and association', () => {
    expect(parse({})).toEqual({
      id: 'eni-0123456789abcdef0',
      mac: '06:1b:2c:3d:4e:5f',
      address: '10.0.1.7',
      vlan: 3,
      association: 'trunk-assoc-0123456789abcdef0',
    });
  });

  it('counts by its first entry, may name no association and may say more than is read', () => {
    const { associationID: _, ...older } = written;
    expect(parsePodEni(JSON.stringify([{ ...older, prefixCidr: '' }, { eniId: 'eni-2' }]))).toEqual({
      ...(parse({}) as object),
      association: undefined,
    });
    expect(parse({ associationID: '' })).not.toHaveProperty('association');
  });

  it.each([
    ['', 'it is not JSON'],
    ['{"eniId":', 'it is not JSON'],
    ['{}', 'it is not a list of objects'],
    ['[]', 'it is not a list of objects'],
    ['[null]', 'it is not a list of objects'],
    ['["eni-1"]', 'it is not a list of objects'],
  ])('is refused as %j', (text, detail) => expect(refusal(parsePodEni(text))).toBe(detail));

  it.each([
    [{ eniId: 'eni-1' }, 'eniId is "eni-1"'],
    [{ eniId: undefined }, 'eniId is missing'],
    [{ ifAddress: '06:1b:2c:3d:4e' }, 'ifAddress is "06:1b:2c:3d:4e"'],
    [{ privateIp: '010.0.1.7' }, 'privateIp is "010.0.1.7"'],
    [{ privateIp: '', ipv6Addr: 'fd00::7' }, 'privateIp is empty, and IPv6 alone is not served in this mode'],
    [{ vlanId: '3' }, 'vlanId is "3"'],
    [{ vlanId: undefined, vlanID: 3 }, 'vlanId is missing'],
    [{ vlanId: 0 }, 'vlanId is 0'],
    [{ vlanId: 4095 }, 'vlanId is 4095'],
    [{ vlanId: 1.5 }, 'vlanId is 1.5'],
    [{ associationID: 'x'.repeat(100) }, `associationID is "${'x'.repeat(59)}`],
  ])('with %j is refused', (more, detail) => expect(refusal(parse(more))).toBe(detail));

  it('never throws, whatever somebody has written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        parsePodEni(text);
      }),
    );
  });
});
