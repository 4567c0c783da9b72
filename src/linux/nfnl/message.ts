/** What all messages of the netfilter subsystems share. */
import { flags } from '../netlink/answer.ts';
import { MessageWriter } from '../netlink/writer.ts';

export const subsystem = { conntrack: 1, nftables: 10 } as const;
/** The family of tables that judge both IPv4 and IPv6, the only one whose objects are changed here. */
export const NFPROTO_INET = 1;
/** `struct nfgenmsg`. */
export const NFNL_SIZE = 4;

export interface NetfilterHead {
  readonly subsystem: number;
  readonly message: number;
  readonly family: number;
  /** Beyond NLM_F_REQUEST. */
  readonly flags: number;
}

export const netfilterMessage = (head: NetfilterHead): MessageWriter =>
  new MessageWriter({ type: (head.subsystem << 8) | head.message, flags: flags.request | head.flags })
    .u8(head.family)
    .u8(0)
    .u16be(0);

const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;

const bracket = (type: number): Uint8Array =>
  new MessageWriter({ type, flags: flags.request }).u8(0).u8(0).u16be(subsystem.nftables).finish();

const FLAGS_AT = 6;

/** One nftables transaction: all or nothing. The last message of it asks for the acknowledgement of all. */
export function transaction(messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const last = messages.at(-1);
  if (last !== undefined) {
    const view = new DataView(last.buffer, last.byteOffset);
    view.setUint16(FLAGS_AT, view.getUint16(FLAGS_AT, true) | flags.ack, true);
  }
  return [bracket(BATCH_BEGIN), ...messages, bracket(BATCH_END)];
}
