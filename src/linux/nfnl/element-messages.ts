/** Changes of set elements and chains as nftables messages. */
import { flags } from '../netlink/answer.ts';
import type { MessageWriter } from '../netlink/writer.ts';
import type { ChainChange, ElementChange, SetChange, Verdict } from '../port.ts';
import { keyBytes, successor } from './key.ts';
import { netfilterMessage, NFPROTO_INET, subsystem } from './message.ts';

const message = {
  getTable: 1,
  newChain: 3,
  deleteChain: 5,
  destroyChain: 27,
  getSet: 10,
  newElement: 12,
  deleteElement: 14,
  destroyElement: 30,
} as const;
const tableAttribute = { name: 1 } as const;
const setAttribute = { table: 1, name: 2 } as const;
const chainAttribute = { table: 1, name: 3 } as const;
const list = { table: 1, set: 2, elements: 3, item: 1 } as const;
const attribute = { key: 1, data: 2, flags: 3, keyEnd: 10, value: 1, verdict: 2, code: 1, chain: 2 } as const;
const INTERVAL_END = 1;
const codes = { drop: 0, accept: 1, jump: -3, goto: -4, return: -5 } as const;
/** The list of elements is one attribute, which takes 64 KiB; an element at most some 600 bytes. */
const FULL = 60_000;

/**
 * `destroy` deletes what may be absent (Linux 6.3); `delete` fails on what is absent, and goes one message an element,
 * so that the kernel's answer says which.
 */
export type Removal = 'destroy' | 'delete';

export interface SetMessage {
  readonly bytes: Uint8Array;
  readonly changes: readonly SetChange[];
}

/** As few messages as order allows: neighbours of one kind and one set share one. */
export function setMessages(changes: readonly SetChange[], removal: Removal): readonly SetMessage[] {
  const messages: SetMessage[] = [];
  for (let at = 0; at < changes.length;) {
    const first = changes[at];
    if (first === undefined) break;
    if (isChain(first)) {
      messages.push({ bytes: chainMessage(first, removal), changes: [first] });
      at++;
      continue;
    }
    const writer = open(first, removal);
    const own: ElementChange[] = [];
    const limit = first.op === 'remove' && removal === 'delete' ? 0 : FULL;
    writer.nest(list.elements, () => {
      do {
        const change = changes[at];
        if (change === undefined || !together(first, change)) break;
        writeElement(writer, change);
        own.push(change);
        at++;
      } while (writer.length < limit);
    });
    messages.push({ bytes: writer.finish(), changes: own });
  }
  return messages;
}

export const isChain = (change: SetChange): change is ChainChange => 'chain' in change;

const together = (a: ElementChange, b: SetChange): b is ElementChange =>
  !isChain(b) && a.op === b.op && a.table === b.table && a.set === b.set;

const nftables = (which: number, own: number) =>
  netfilterMessage({ subsystem: subsystem.nftables, family: NFPROTO_INET, message: which, flags: own });

function chainMessage({ op, table, chain }: ChainChange, removal: Removal): Uint8Array {
  const remove = removal === 'destroy' ? message.destroyChain : message.deleteChain;
  const writer = op === 'add-chain' ? nftables(message.newChain, flags.create) : nftables(remove, 0);
  return writer.text(chainAttribute.table, table).text(chainAttribute.name, chain).finish();
}

function open({ op, table, set }: ElementChange, removal: Removal): MessageWriter {
  const remove = removal === 'destroy' ? message.destroyElement : message.deleteElement;
  const own = op === 'add' ? { message: message.newElement, flags: flags.create } : { message: remove, flags: 0 };
  return nftables(own.message, own.flags).text(list.table, table).text(list.set, set);
}

/**
 * A range in a key of one part is two elements, the start and, marked so, what comes after its end; in a key of several
 * parts it is one element with two keys.
 */
function writeElement(writer: MessageWriter, change: ElementChange): void {
  const { first, last, isConcatenation } = keyBytes(change.key);
  const verdict = change.op === 'add' ? change.verdict : undefined;
  writer.nest(list.item, () => {
    writer.nest(attribute.key, () => writer.bytes(attribute.value, first));
    if (last !== undefined && isConcatenation) writer.nest(attribute.keyEnd, () => writer.bytes(attribute.value, last));
    if (verdict !== undefined) writeVerdict(writer, verdict);
  });
  const end = last === undefined || isConcatenation ? undefined : successor(last);
  if (end === undefined) return;
  writer.nest(list.item, () => {
    writer.number32be(attribute.flags, INTERVAL_END);
    writer.nest(attribute.key, () => writer.bytes(attribute.value, end));
  });
}

function writeVerdict(writer: MessageWriter, verdict: Verdict): void {
  const [code, chain] =
    typeof verdict === 'string'
      ? [codes[verdict], undefined]
      : 'jump' in verdict
        ? [codes.jump, verdict.jump]
        : [codes.goto, verdict.goto];
  writer.nest(attribute.data, () => {
    writer.nest(attribute.verdict, () => {
      writer.number32be(attribute.code, code);
      if (chain !== undefined) writer.text(attribute.chain, chain);
    });
  });
}

/** A question whose answer tells whether that is there of which a change is a part. */
export const getWhole = (change: SetChange): Uint8Array =>
  isChain(change)
    ? nftables(message.getTable, flags.ack).text(tableAttribute.name, change.table).finish()
    : nftables(message.getSet, flags.ack)
        .text(setAttribute.table, change.table)
        .text(setAttribute.name, change.set)
        .finish();
