/** Notifications of nftables, of which only tables are told: flushing all rules takes them away. */
import { decodeBody, type Decoded, malformed, type NetlinkMessage, text } from '../netlink/reader.ts';
import type { NetEvent } from '../port.ts';
import { NFNL_SIZE, NFPROTO_INET, subsystem } from './message.ts';

const NEW_TABLE = subsystem.nftables << 8;
const DELETE_TABLE = NEW_TABLE | 2;
const NAME = 1;

export function readTableEvent({ type, payload }: NetlinkMessage): Decoded<NetEvent | undefined> {
  if (type !== NEW_TABLE && type !== DELETE_TABLE) return { ok: true, value: undefined };
  const body = decodeBody(payload, NFNL_SIZE);
  if (!body.ok) return body;
  if (body.value.fixed.readUInt8(0) !== NFPROTO_INET) return { ok: true, value: undefined };
  const name = text(body.value.attributes, NAME);
  if (name === undefined) return malformed('a table without a name');
  return { ok: true, value: { subject: 'table', change: type === NEW_TABLE ? 'set' : 'gone', name } };
}
