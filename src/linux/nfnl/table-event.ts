/** Notifications of nftables: tables that come and go, and that something in one has changed. */
import { type Decoded, decodeBody, malformed, type NetlinkMessage, text } from '../netlink/reader.ts';
import type { NetEvent } from '../port.ts';
import { NFNL_SIZE, NFPROTO_INET, subsystem } from './message.ts';

const NEW_TABLE = subsystem.nftables << 8;
const DELETE_TABLE = NEW_TABLE | 2;
/** Of a table, and of the table in whatever is in one. */
const NAME = 1;

/** `within`: the table of which everything is told; of others it is told only whether they are there. */
export function readTableEvent(
  { type, payload }: NetlinkMessage,
  within: string | undefined,
): Decoded<NetEvent | undefined> {
  const isWhole = type === NEW_TABLE || type === DELETE_TABLE;
  if (!isWhole && within === undefined) return { ok: true, value: undefined };
  const body = decodeBody(payload, NFNL_SIZE);
  if (!body.ok) return body;
  if (body.value.fixed.readUInt8(0) !== NFPROTO_INET) return { ok: true, value: undefined };
  const name = text(body.value.attributes, NAME);
  if (!isWhole && name !== within) return { ok: true, value: undefined };
  if (name === undefined) return malformed('a table without a name');
  const change = !isWhole ? 'altered' : type === NEW_TABLE ? 'set' : 'gone';
  return { ok: true, value: { subject: 'table', change, name } };
}
