/** Programs on links: RTM_*QDISC and RTM_*TFILTER messages for clsact. What is attached works on when we are gone. */
import { flags } from '../netlink/answer.ts';
import { decodeBody, type Decoded, malformed, nested, number32 } from '../netlink/reader.ts';
import { MessageWriter } from '../netlink/writer.ts';

const rtm = { newQdisc: 36, newFilter: 44, getFilter: 46 } as const;
export const NEW_FILTER = rtm.newFilter;
const attribute = { kind: 1, options: 2 } as const;
const bpf = { fd: 6, name: 7, flags: 8, id: 11 } as const;
const DIRECT_ACTION = 1;
const CLSACT = 0xffff_fff1;
const CLSACT_HANDLE = 0xffff_0000;
const SIZE = 20;
/** Ours among the filters of a hook; others keep theirs. */
const PRIORITY = 0xb1a;
const HANDLE = 1;
/** ETH_P_ALL in network order. */
const ALL_PROTOCOLS = 0x0300;

export type Direction = 'ingress' | 'egress';
const parents: Readonly<Record<Direction, number>> = { ingress: 0xffff_fff2, egress: 0xffff_fff3 };

interface Head {
  readonly type: number;
  readonly flags: number;
}
interface Hook {
  readonly index: number;
  readonly direction: Direction;
}
const filter = (head: Head, { index, direction }: Hook): MessageWriter => {
  const writer = new MessageWriter({ type: head.type, flags: flags.request | flags.ack | head.flags });
  writer.u8(0).u8(0).u16(0).u32(index).u32(HANDLE).u32(parents[direction]);
  return writer.u32((PRIORITY << 16) | ALL_PROTOCOLS).text(attribute.kind, 'bpf');
};

/** EEXIST where there is one. */
export const addClsact = (index: number): Uint8Array =>
  new MessageWriter({ type: rtm.newQdisc, flags: flags.request | flags.ack | flags.create | flags.exclusive })
    .u8(0)
    .u8(0)
    .u16(0)
    .u32(index)
    .u32(CLSACT_HANDLE)
    .u32(CLSACT)
    .u32(0)
    .text(attribute.kind, 'clsact')
    .finish();

export interface Attachment extends Hook {
  readonly program: number;
  readonly name: string;
}
/** EEXIST where there is one of ours. */
export const attachProgram = ({ program, name, ...hook }: Attachment): Uint8Array => {
  const writer = filter({ type: rtm.newFilter, flags: flags.create | flags.exclusive }, hook);
  return writer
    .nest(attribute.options, () => {
      writer.number32(bpf.fd, program).text(bpf.name, name).number32(bpf.flags, DIRECT_ACTION);
    })
    .finish();
};

export const getFilter = (hook: Hook): Uint8Array => filter({ type: rtm.getFilter, flags: 0 }, hook).finish();

/** The id of the program that a filter runs. */
export function decodeProgramId(payload: Buffer): Decoded<number> {
  const body = decodeBody(payload, SIZE);
  if (!body.ok) return body;
  const id = number32(nested(body.value.attributes, attribute.options), bpf.id);
  return id === undefined ? malformed('a filter without a program') : { ok: true, value: id };
}
