/**
 * The two programs that make a VLAN device out of a veth:
 *
 *   sent by the branch      → push the tag   → out by the trunk
 *   received by the trunk   → look the tag up → pop it → in by the branch
 */
import { assemble, helper, type Instruction } from './instructions.ts';

/** Fields of `struct __sk_buff`. */
const packet = { vlanPresent: 20, vlanTci: 24 } as const;
const VLAN_ID_MASK = 0xfff;
export const VLAN_IDS = 4096;
/** 0x8100 in network order, read as the little-endian number that the helper takes. */
const DOT1Q = 0x0081;
const verdict = { continue: -1, drop: 2 } as const;
const INGRESS = 1;

const drop: readonly Instruction[] = [
  { kind: 'label', name: 'drop' },
  { kind: 'set', to: 0, value: verdict.drop },
  { kind: 'exit' },
];

export interface PushOptions {
  readonly vlanId: number;
  readonly trunkIndex: number;
}
/** For the branch's egress. Both numbers are the branch's for life, so they stand in the program itself. */
export const pushProgram = ({ vlanId, trunkIndex }: PushOptions): Uint8Array =>
  assemble([
    { kind: 'set', to: 2, value: DOT1Q },
    { kind: 'set', to: 3, value: vlanId },
    { kind: 'call', helper: helper.vlanPush },
    { kind: 'jump-unless-zero', register: 0, label: 'drop' },
    { kind: 'set', to: 1, value: trunkIndex },
    { kind: 'set', to: 2, value: 0 },
    { kind: 'call', helper: helper.redirect },
    { kind: 'exit' },
    ...drop,
  ]);

/** For the trunk's ingress; the map has the branch's index by VLAN id, 0 for none. Untagged packets are not touched. */
export const popProgram = (branchesMap: number): Uint8Array =>
  assemble([
    { kind: 'move', to: 6, from: 1 },
    { kind: 'load', to: 2, from: 6, offset: packet.vlanPresent },
    { kind: 'jump-if-zero', register: 2, label: 'untagged' },
    { kind: 'load', to: 2, from: 6, offset: packet.vlanTci },
    { kind: 'and', to: 2, value: VLAN_ID_MASK },
    { kind: 'store', to: 10, from: 2, offset: -4 },
    { kind: 'map', to: 1, fd: branchesMap },
    { kind: 'move', to: 2, from: 10 },
    { kind: 'add', to: 2, value: -4 },
    { kind: 'call', helper: helper.mapLookup },
    { kind: 'jump-if-zero', register: 0, label: 'drop' },
    { kind: 'load', to: 7, from: 0, offset: 0 },
    { kind: 'jump-if-zero', register: 7, label: 'drop' },
    { kind: 'move', to: 1, from: 6 },
    { kind: 'call', helper: helper.vlanPop },
    { kind: 'jump-unless-zero', register: 0, label: 'drop' },
    { kind: 'move', to: 1, from: 7 },
    { kind: 'set', to: 2, value: INGRESS },
    { kind: 'call', helper: helper.redirect },
    { kind: 'exit' },
    ...drop,
    { kind: 'label', name: 'untagged' },
    { kind: 'set', to: 0, value: verdict.continue },
    { kind: 'exit' },
  ]);
