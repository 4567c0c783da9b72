/** A small assembler for BPF: instructions as values, jumps to labels, eight bytes each. */

/** r1 is the packet at the start, r0 the result; r6 to r9 outlive calls; r10 is the frame, which grows downwards. */
export type Register = 0 | 1 | 2 | 3 | 6 | 7 | 10;

export type Instruction =
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'move'; readonly to: Register; readonly from: Register }
  | { readonly kind: 'set'; readonly to: Register; readonly value: number }
  | { readonly kind: 'add'; readonly to: Register; readonly value: number }
  | { readonly kind: 'and'; readonly to: Register; readonly value: number }
  /** 32 bits of memory. */
  | { readonly kind: 'load'; readonly to: Register; readonly from: Register; readonly offset: number }
  | { readonly kind: 'store'; readonly to: Register; readonly from: Register; readonly offset: number }
  /** A map by its descriptor; two instructions long. */
  | { readonly kind: 'map'; readonly to: Register; readonly fd: number }
  | { readonly kind: 'call'; readonly helper: number }
  | { readonly kind: 'jump-if-zero' | 'jump-unless-zero'; readonly register: Register; readonly label: string }
  | { readonly kind: 'exit' };

export const helper = { mapLookup: 1, vlanPush: 18, vlanPop: 19, redirect: 23 } as const;

const code = {
  move: 0xbf,
  set: 0xb7,
  add: 0x07,
  and: 0x57,
  load: 0x61,
  store: 0x63,
  map: 0x18,
  call: 0x85,
  'jump-if-zero': 0x15,
  'jump-unless-zero': 0x55,
  exit: 0x95,
} as const;
const PSEUDO_MAP_FD = 1;

const lengthOf = ({ kind }: Instruction): number => (kind === 'label' ? 0 : kind === 'map' ? 2 : 1);

export function assemble(instructions: readonly Instruction[]): Uint8Array {
  const labels = new Map<string, number>();
  let length = 0;
  for (const instruction of instructions) {
    if (instruction.kind === 'label') labels.set(instruction.name, length);
    length += lengthOf(instruction);
  }
  const bytes = Buffer.alloc(8 * length);
  let at = 0;
  for (const instruction of instructions) {
    if (instruction.kind === 'label') continue;
    const { to = 0, from = 0, offset = 0, value = 0 } = fields(instruction, (label) => jump(labels, label, at));
    bytes.writeUInt8(code[instruction.kind], 8 * at);
    bytes.writeUInt8(to | (from << 4), 8 * at + 1);
    bytes.writeInt16LE(offset, 8 * at + 2);
    bytes.writeInt32LE(value, 8 * at + 4);
    at += lengthOf(instruction);
  }
  return bytes;
}

function jump(labels: ReadonlyMap<string, number>, label: string, at: number): number {
  const target = labels.get(label);
  if (target === undefined) throw new RangeError(`no label "${label}" in the program`);
  return target - at - 1;
}

interface Fields {
  readonly to?: number;
  readonly from?: number;
  readonly offset?: number;
  readonly value?: number;
}
function fields(instruction: Exclude<Instruction, { kind: 'label' }>, distance: (label: string) => number): Fields {
  switch (instruction.kind) {
    case 'map':
      return { to: instruction.to, from: PSEUDO_MAP_FD, value: instruction.fd };
    case 'call':
      return { value: instruction.helper };
    case 'jump-if-zero':
    case 'jump-unless-zero':
      return { to: instruction.register, offset: distance(instruction.label) };
    case 'exit':
      return {};
    case 'move':
    case 'set':
    case 'add':
    case 'and':
    case 'load':
    case 'store':
      return instruction;
  }
}
