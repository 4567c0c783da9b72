import { describe, expect, it } from 'vitest';

import { instanceLimitRows } from './instance-limits.gen.ts';
import { instanceLimits, reportedLimits } from './instance-limits.ts';

const types = Object.keys(instanceLimitRows);
const limitsOf = (type: string) => {
  const limits = instanceLimits(type);
  if (limits === undefined) throw new Error(`no ${type}`);
  return limits;
};
/** Types of which something does not hold: a failure names them. */
const where = (is: (limits: ReturnType<typeof limitsOf>, type: string) => boolean) =>
  types.filter((type) => is(limitsOf(type), type));

describe('the limits of instance types', () => {
  it('cover the types that AWS had published by March 2026', () => {
    expect(types).toHaveLength(1164);
    expect(types.filter((type) => !/^[a-z0-9-]+\.[a-z0-9-]+$/.test(type))).toEqual([]);
  });

  it('leave room for pods on every type: two interfaces, and addresses beside the primary one', () => {
    expect(where(({ interfaces, addressesPerInterface }) => interfaces < 2 || addressesPerInterface < 2)).toEqual([]);
  });

  it('stay within what EC2 has ever given', () => {
    expect(where(({ interfaces, addressesPerInterface }) => interfaces > 128 || addressesPerInterface > 100)).toEqual(
      [],
    );
    expect(where(({ branchInterfaces }) => branchInterfaces > 256)).toEqual([]);
  });

  it('add up over the cards, of which the first carries device 0', () => {
    expect(
      where(
        ({ interfaces, interfacesByCard }) =>
          interfacesByCard.reduce((sum, each) => sum + each, 0) !== interfaces || (interfacesByCard[0] ?? 0) < 1,
      ),
    ).toEqual([]);
    expect(
      where(({ interfacesByCard }) => interfacesByCard.some((each) => !Number.isInteger(each) || each < 1)),
    ).toEqual([]);
  });

  it('give prefixes to all but Xen, where trunks do not work either', () => {
    expect(where(({ prefixes, branchInterfaces }) => !prefixes && branchInterfaces > 0)).toEqual([]);
    expect(where((_, type) => type.includes('.metal')).every((type) => limitsOf(type).prefixes)).toBe(true);
    expect(limitsOf('m4.large').prefixes).toBe(false);
  });

  it.each([
    ['t3.small', { interfaces: 3, addressesPerInterface: 4, branchInterfaces: 0 }],
    ['m5.large', { interfaces: 3, addressesPerInterface: 10, branchInterfaces: 9 }],
    ['m5.24xlarge', { interfaces: 15, addressesPerInterface: 50 }],
  ])('of %s are as AWS’s documentation has them', (type, expected) => {
    expect(limitsOf(type)).toMatchObject(expected);
  });

  it('are not known of a type that is newer, nor of what every object has', () => {
    for (const type of ['m99.large', '', 'constructor', 'toString']) expect(instanceLimits(type)).toBeUndefined();
  });

  it('of a newer type follow from what EC2 reports, without branch interfaces, of which it reports nothing', () => {
    expect(reportedLimits({ interfacesByCard: [4, 4], addressesPerInterface: 15, hypervisor: 'nitro' })).toEqual({
      interfaces: 8,
      interfacesByCard: [4, 4],
      addressesPerInterface: 15,
      prefixes: true,
      branchInterfaces: 0,
    });
    expect(reportedLimits({ interfacesByCard: [4], addressesPerInterface: 15 }).prefixes).toBe(true);
    expect(reportedLimits({ interfacesByCard: [4], addressesPerInterface: 15, hypervisor: 'xen' }).prefixes).toBe(
      false,
    );
  });
});
