/**
 * A small assembler for classic BPF, the language of socket filters: one accumulator, one index, jumps forward only. The
 * kernel verifies, translates and compiles it. Words are read in network order, netlink writes them in the machine's:
 * compare with `swapped16` and `swapped32`.
 */

export type ClassicInstruction =
  | { readonly kind: 'label'; readonly name: string }
  /** So many bytes at `at` of the packet, behind the index when `indexed`. Beyond its end the packet is dropped. */
  | { readonly kind: 'load'; readonly bytes: 1 | 2 | 4; readonly at: number; readonly indexed?: boolean }
  | { readonly kind: 'and' | 'add' | 'shift-left'; readonly value: number }
  /** The index is added to the accumulator. */
  | { readonly kind: 'add-index' }
  | { readonly kind: 'set-index'; readonly value: number }
  /** To and from one of 16 words of memory. */
  | { readonly kind: 'store' | 'store-index' | 'load-index'; readonly word: number }
  | { readonly kind: 'index-from-accumulator' }
  | { readonly kind: 'jump'; readonly label: string }
  | { readonly kind: 'jump-if' | 'jump-unless'; readonly test: Test; readonly value: number; readonly label: string }
  | { readonly kind: 'pass' | 'drop' };

type Test = 'equal' | 'any-bit';

const loads = {
  1: { absolute: 0x30, indexed: 0x50 },
  2: { absolute: 0x28, indexed: 0x48 },
  4: { absolute: 0x20, indexed: 0x40 },
} as const;
const code = {
  and: 0x54,
  add: 0x04,
  'shift-left': 0x64,
  'add-index': 0x0c,
  'set-index': 0x01,
  store: 0x02,
  'store-index': 0x03,
  'load-index': 0x61,
  'index-from-accumulator': 0x07,
  jump: 0x05,
  return: 0x06,
} as const;
const tests: Readonly<Record<Test, number>> = { equal: 0x15, 'any-bit': 0x45 };
const WHOLE = 0xffff_ffff;
/** A conditional jump has one byte for its distance. */
const FAR = 256;

export function assembleClassic(program: readonly ClassicInstruction[]): Uint8Array {
  const labels = new Map<string, number>();
  let length = 0;
  for (const instruction of program) {
    if (instruction.kind === 'label') labels.set(instruction.name, length);
    else length++;
  }
  const bytes = Buffer.alloc(8 * length);
  let at = 0;
  const distance = (label: string): number => {
    const target = labels.get(label);
    if (target === undefined || target <= at) throw new RangeError(`there is no label ${label} ahead`);
    return target - at - 1;
  };
  for (const instruction of program) {
    if (instruction.kind === 'label') continue;
    const { operation, yes = 0, no = 0, value = 0 } = encode(instruction, distance);
    if (Math.max(yes, no) >= FAR) throw new RangeError('a conditional jump that is too far');
    bytes.writeUInt16LE(operation, 8 * at);
    bytes.writeUInt8(yes, 8 * at + 2);
    bytes.writeUInt8(no, 8 * at + 3);
    bytes.writeUInt32LE(value >>> 0, 8 * at + 4);
    at++;
  }
  return bytes;
}

interface Encoded {
  readonly operation: number;
  readonly yes?: number;
  readonly no?: number;
  readonly value?: number;
}

function encode(
  instruction: Exclude<ClassicInstruction, { readonly kind: 'label' }>,
  distance: (label: string) => number,
): Encoded {
  switch (instruction.kind) {
    case 'load': {
      const { bytes, at, indexed = false } = instruction;
      return { operation: loads[bytes][indexed ? 'indexed' : 'absolute'], value: at };
    }
    case 'and':
    case 'add':
    case 'shift-left':
    case 'set-index':
      return { operation: code[instruction.kind], value: instruction.value };
    case 'store':
    case 'store-index':
    case 'load-index':
      return { operation: code[instruction.kind], value: instruction.word };
    case 'add-index':
    case 'index-from-accumulator':
      return { operation: code[instruction.kind] };
    case 'jump':
      return { operation: code.jump, value: distance(instruction.label) };
    case 'jump-if':
      return { operation: tests[instruction.test], value: instruction.value, yes: distance(instruction.label) };
    case 'jump-unless':
      return { operation: tests[instruction.test], value: instruction.value, no: distance(instruction.label) };
    case 'pass':
      return { operation: code.return, value: WHOLE };
    case 'drop':
      return { operation: code.return, value: 0 };
  }
}

export const swapped16 = (value: number): number => ((value & 0xff) << 8) | (value >>> 8);
export const swapped32 = (value: number): number => ((swapped16(value & 0xffff) << 16) | swapped16(value >>> 16)) >>> 0;
