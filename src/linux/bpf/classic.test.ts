import { describe, expect, it } from 'vitest';

import { assembleClassic, swapped16, swapped32 } from './classic.ts';

const words = (bytes: Uint8Array): readonly string[] =>
  Array.from({ length: bytes.length / 8 }, (_, at) => Buffer.from(bytes).toString('hex', 8 * at, 8 * at + 8));

describe('programs of classic BPF', () => {
  it('are eight bytes an instruction, jumps counted from the one that follows', () => {
    const program = assembleClassic([
      { kind: 'load', bytes: 2, at: 4 },
      { kind: 'jump-if', test: 'equal', value: 16, label: 'yes' },
      { kind: 'jump-unless', test: 'any-bit', value: 1, label: 'no' },
      { kind: 'label', name: 'yes' },
      { kind: 'pass' },
      { kind: 'label', name: 'no' },
      { kind: 'drop' },
    ]);
    expect(words(program)).toEqual([
      '2800000004000000',
      '1500010010000000',
      '4500000101000000',
      '06000000ffffffff',
      '0600000000000000',
    ]);
  });

  it('jump forward only, and conditionally no further than a byte says', () => {
    const jump = { kind: 'jump-if', test: 'equal', value: 1, label: 'there' } as const;
    const label = { kind: 'label', name: 'there' } as const;
    const pass = { kind: 'pass' } as const;
    const passes = (count: number) => Array.from({ length: count }, () => pass);
    expect(() => assembleClassic([label, pass, jump, pass])).toThrow('no label there ahead');
    expect(() => assembleClassic([jump, pass])).toThrow('no label there ahead');
    expect(() => assembleClassic([jump, ...passes(255), label, pass])).not.toThrow();
    expect(() => assembleClassic([jump, ...passes(256), label, pass])).toThrow('too far');
  });

  it('compare what netlink wrote with what BPF reads', () => {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt32LE(0xfeed_0102, 0);
    bytes.writeUInt16LE(0x0a0c, 4);
    expect([bytes.readUInt32BE(0), bytes.readUInt16BE(4)]).toEqual([swapped32(0xfeed_0102), swapped16(0x0a0c)]);
  });
});
