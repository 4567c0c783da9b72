/**
 * What of a netlink family's notifications reaches a watcher, decided in the kernel: what is dropped there wakes nobody
 * and fills no buffer. Nothing here may drop what a watcher of somebody's tampering must see.
 */
import { assembleClassic, type ClassicInstruction, swapped16, swapped32 } from '../bpf/classic.ts';
import { family } from '../ffi/libc.ts';
import type { WatchInterest } from '../port.ts';
import { NFPROTO_INET, NFNL_SIZE } from '../nfnl/message.ts';
import { rtm, scope, size } from '../rtnl/numbers.ts';
import { flags } from './answer.ts';
import { HEADER_SIZE } from './writer.ts';

/** `struct nlmsghdr`. */
const header = { type: 4, flags: 6, port: 12 } as const;
/** Of the fixed parts. */
const field = { linkFlags: 8, addressFamily: 0, addressScope: 3, routeTable: 4 } as const;
const IFF_UP = 1;
const LINK_NAME = 3;
const TABLE_LOCAL = 255;
/** The kernel writes a link's name, and the table of whatever belongs to one, as the first attribute. */
const ATTRIBUTE_HEADER = 4;

const load = (bytes: 1 | 2 | 4, at: number): ClassicInstruction => ({ kind: 'load', bytes, at });
const pass: ClassicInstruction = { kind: 'pass' };
const drop: ClassicInstruction = { kind: 'drop' };
const label = (name: string): ClassicInstruction => ({ kind: 'label', name });
const ifEqual = (value: number, to: string): ClassicInstruction => ({
  kind: 'jump-if',
  test: 'equal',
  value,
  label: to,
});
const unlessEqual = (value: number, to: string): ClassicInstruction => ({
  kind: 'jump-unless',
  test: 'equal',
  value,
  label: to,
});
const ifAnyBit = (value: number, to: string): ClassicInstruction => ({
  kind: 'jump-if',
  test: 'any-bit',
  value,
  label: to,
});

/** A change is told with the port of the socket that asked for it, and with 0 when the kernel made it by itself. */
const notBy = (ports: readonly number[]): readonly ClassicInstruction[] => [
  load(4, header.port),
  ...ports.map((port) => ifEqual(swapped32(port), 'drop')),
];

export interface FilterOptions {
  readonly interest: WatchInterest;
  /** Of our own sockets. */
  readonly ports: readonly number[];
}

export const routeFilter = ({ interest, ports }: FilterOptions): Uint8Array =>
  assembleClassic([
    ...notBy(ports),
    load(2, header.type),
    ifEqual(swapped16(rtm.newLink), 'link'),
    ifEqual(swapped16(rtm.deleteLink), 'link'),
    ifEqual(swapped16(rtm.newAddress), 'drop'),
    ifEqual(swapped16(rtm.deleteAddress), 'address gone'),
    ifEqual(swapped16(rtm.newRoute), 'route'),
    ifEqual(swapped16(rtm.deleteRoute), 'route gone'),
    label('pass'),
    pass,
    label('link'),
    load(2, HEADER_SIZE + size.link + 2),
    unlessEqual(swapped16(LINK_NAME), 'other link'),
    ...[...Buffer.from(interest.quietLinks)].flatMap((byte, at) => [
      load(1, HEADER_SIZE + size.link + ATTRIBUTE_HEADER + at),
      unlessEqual(byte, 'other link'),
    ]),
    load(2, header.type),
    ifEqual(swapped16(rtm.deleteLink), 'drop'),
    load(4, HEADER_SIZE + field.linkFlags),
    ifAnyBit(swapped32(IFF_UP), 'drop'),
    label('other link'),
    pass,
    // Every link has one of IPv6's own making.
    label('address gone'),
    load(1, HEADER_SIZE + field.addressFamily),
    unlessEqual(family.inet6, 'address of interest'),
    load(1, HEADER_SIZE + field.addressScope),
    ifEqual(scope.link, 'drop'),
    label('address of interest'),
    pass,
    label('route'),
    load(2, header.flags),
    ifAnyBit(swapped16(flags.replace), 'replaced'),
    drop,
    label('replaced'),
    pass,
    label('route gone'),
    load(1, HEADER_SIZE + field.routeTable),
    ifEqual(TABLE_LOCAL, 'drop'),
    pass,
    label('drop'),
    drop,
  ]);

/** A datagram of notifications is a page at most, and the shortest that there is takes more than this. */
const MOST_MESSAGES = 4096 / 48;

/** All that a transaction did is told in a few datagrams, tables mixed: each message is looked at. */
export function tableFilter({ interest, ports }: FilterOptions): Uint8Array {
  const name = Buffer.from(`${interest.table}\0`);
  const program: ClassicInstruction[] = [
    ...notBy(ports),
    { kind: 'jump', label: 'others' },
    label('drop'),
    drop,
    label('others'),
    { kind: 'set-index', value: 0 },
  ];
  const [length, start] = [0, 1];
  const attributeAt = HEADER_SIZE + NFNL_SIZE;
  for (let at = 0; at < MOST_MESSAGES; at++) {
    const next = `after ${at}`;
    const indexed = (bytes: 1 | 2 | 4, offset: number): ClassicInstruction => ({
      kind: 'load',
      bytes,
      at: offset,
      indexed: true,
    });
    program.push(
      indexed(1, HEADER_SIZE),
      unlessEqual(NFPROTO_INET, next),
      // Length and type, which is 1.
      indexed(4, attributeAt),
      unlessEqual(swapped32((1 << 16) | (ATTRIBUTE_HEADER + name.length)), next),
      ...[...name].flatMap((byte, each) => [
        indexed(1, attributeAt + ATTRIBUTE_HEADER + each),
        unlessEqual(byte, next),
      ]),
      pass,
      label(next),
      // On by the message's length, aligned; a page needs two bytes of the four.
      indexed(1, 1),
      { kind: 'shift-left', value: 8 },
      { kind: 'store', word: length },
      indexed(1, 0),
      { kind: 'store-index', word: start },
      { kind: 'load-index', word: length },
      { kind: 'add-index' },
      { kind: 'add', value: 3 },
      { kind: 'and', value: 0xffff_fffc },
      { kind: 'load-index', word: start },
      { kind: 'add-index' },
      { kind: 'index-from-accumulator' },
    );
  }
  return assembleClassic([...program, drop]);
}
