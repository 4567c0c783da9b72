/** The system call bpf: programs and maps as file descriptors, which the caller closes. */
import { arch } from 'node:process';

import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { addressOf, lastErrno, loadLibrary } from './koffi.ts';

const numbers: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
const command = {
  createMap: 0,
  lookup: 1,
  update: 2,
  loadProgram: 5,
  programById: 13,
  mapById: 14,
  describe: 15,
} as const;
const ATTRIBUTE_SIZE = 128;
const SCHED_CLS = 3;
const ARRAY = 2;
const LOG_SIZE = 64 * 1024;
/** The verifier gives up (EAGAIN) when a signal waits, such as a child's end (kernel/bpf/verifier.c); libbpf tries as often. */
const ATTEMPTS = 5;
/** Where `struct bpf_prog_info` has what we ask of it. */
const info = { size: 128, mapCount: 52, mapIds: 56 } as const;

const syscall = loadLibrary(undefined).func(
  'long syscall(long number, int command, void *attribute, uint32_t size)',
) as (number: number, command: number, attribute: Uint8Array, size: number) => number;

/** Of the call that runs: the addresses in its attribute do not keep their bytes alive. */
const held = new Set<readonly Uint8Array[]>();

interface Call {
  readonly command: number;
  readonly operation: string;
  readonly object: string;
  /** Fills the attribute; bytes whose address it writes are kept by `referenced`. */
  readonly fill: (attribute: Buffer) => void;
  readonly referenced: readonly Uint8Array[];
  readonly text?: () => string;
}
function bpf({ command: which, operation, object, fill, referenced, text }: Call): number {
  const number = numbers[arch];
  if (number === undefined)
    throw new KernelError({ errno: errno.ENOSYS, operation, object, text: `not known on ${arch}` });
  const attribute = Buffer.alloc(ATTRIBUTE_SIZE);
  held.add(referenced);
  fill(attribute);
  let [result, failure] = [-1, 0];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    result = syscall(number, which, attribute, attribute.length);
    failure = result < 0 ? lastErrno() : 0;
    if (failure !== errno.EAGAIN) break;
  }
  held.delete(referenced);
  if (failure !== 0) throw new KernelError({ errno: failure, operation, object, text: text?.() ?? '' });
  return result;
}

const pointer = (attribute: Buffer, at: number, bytes: Uint8Array): void => {
  attribute.writeBigUInt64LE(addressOf(bytes), at);
};

export interface ProgramSource {
  /** At most 15 characters. */
  readonly name: string;
  readonly instructions: Uint8Array;
}
/** A classifier of traffic control. */
export function loadClassifier({ name, instructions }: ProgramSource): number {
  const license = Buffer.from('Apache-2.0\0');
  const log = Buffer.alloc(LOG_SIZE);
  return bpf({
    command: command.loadProgram,
    operation: 'bpf-load',
    object: name,
    referenced: [instructions, license, log],
    // The verifier's last words say why; before them it tells the whole way.
    text: () =>
      log
        .toString('latin1', 0, Math.max(0, log.indexOf(0)))
        .trim()
        .split('\n')
        .slice(-3)
        .join('; '),
    fill(attribute) {
      attribute.writeUInt32LE(SCHED_CLS, 0);
      attribute.writeUInt32LE(instructions.length / 8, 4);
      pointer(attribute, 8, instructions);
      pointer(attribute, 16, license);
      attribute.writeUInt32LE(1, 24);
      attribute.writeUInt32LE(LOG_SIZE, 28);
      pointer(attribute, 32, log);
      attribute.write(name, 48, 15, 'latin1');
    },
  });
}

/** An array of 32-bit numbers, all 0. */
export const createNumberArray = (name: string, length: number): number =>
  bpf({
    command: command.createMap,
    operation: 'bpf-map',
    object: name,
    referenced: [],
    fill(attribute) {
      for (const [at, value] of [ARRAY, 4, 4, length].entries()) attribute.writeUInt32LE(value, 4 * at);
      attribute.write(name, 28, 15, 'latin1');
    },
  });

function element(which: number, map: number, [key, value]: readonly [Buffer, Buffer]): void {
  bpf({
    command: which,
    operation: 'bpf-element',
    object: `map ${map}`,
    referenced: [key, value],
    fill(attribute) {
      attribute.writeUInt32LE(map, 0);
      pointer(attribute, 8, key);
      pointer(attribute, 16, value);
    },
  });
}
const bytesOf = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const writeNumber = (map: number, index: number, value: number): void =>
  element(command.update, map, [bytesOf(index), bytesOf(value)]);
export function readNumber(map: number, index: number): number {
  const value = bytesOf(0);
  element(command.lookup, map, [bytesOf(index), value]);
  return value.readUInt32LE();
}

const byId = (which: number, object: string, id: number): number =>
  bpf({
    command: which,
    operation: 'bpf-open',
    object: `${object} ${id}`,
    referenced: [],
    fill: (attribute) => void attribute.writeUInt32LE(id, 0),
  });
export const openProgram = (id: number): number => byId(command.programById, 'program', id);
export const openMap = (id: number): number => byId(command.mapById, 'map', id);

/** The id of the only map that a program uses; 0 for a program without one. */
export function mapIdOf(program: number): number {
  const ids = Buffer.alloc(4);
  const description = Buffer.alloc(info.size);
  description.writeUInt32LE(1, info.mapCount);
  pointer(description, info.mapIds, ids);
  bpf({
    command: command.describe,
    operation: 'bpf-describe',
    object: `program ${program}`,
    referenced: [ids, description],
    fill(attribute) {
      attribute.writeUInt32LE(program, 0);
      attribute.writeUInt32LE(description.length, 4);
      pointer(attribute, 8, description);
    },
  });
  return ids.readUInt32LE();
}
