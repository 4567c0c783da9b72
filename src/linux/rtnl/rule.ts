/** Policy routing rules: RTM_*RULE messages. */
import { flags } from '../netlink/answer.ts';
import { decodeBody, type Decoded, malformed, number32, text } from '../netlink/reader.ts';
import { MessageWriter } from '../netlink/writer.ts';
import type { Family, RuleSpec } from '../port.ts';
import { familyNumber, familyOf, ipBytes, readIp, readPrefix } from '../netlink/ip.ts';
import { PROTOCOL_STATIC, rtm, size, tableField } from './numbers.ts';

const attribute = {
  to: 1,
  from: 2,
  inputLink: 3,
  priority: 6,
  mark: 10,
  table: 15,
  mask: 16,
  protocol: 21,
} as const;
const LOOKUP = 1;

export const ruleFamily = ({ family, from, to }: RuleSpec<Family>): Family => {
  const base = (from ?? to)?.base;
  return family ?? (base === undefined ? 'ipv4' : familyOf(base));
};

function write(head: { readonly type: number; readonly flags: number }, rule: RuleSpec<Family>): MessageWriter {
  const { from, to, mark } = rule;
  const writer = new MessageWriter(head);
  writer
    .u8(familyNumber[ruleFamily(rule)])
    .u8(to?.length ?? 0)
    .u8(from?.length ?? 0)
    .u8(0);
  writer.u8(tableField(rule.table)).u8(0).u8(0).u8(LOOKUP).u32(0);
  writer.number32(attribute.priority, rule.priority).number32(attribute.table, rule.table);
  if (to !== undefined) writer.bytes(attribute.to, ipBytes(to.base));
  if (from !== undefined) writer.bytes(attribute.from, ipBytes(from.base));
  if (mark !== undefined) writer.number32(attribute.mark, mark.value).number32(attribute.mask, mark.mask);
  if (rule.inputLink !== undefined) writer.text(attribute.inputLink, rule.inputLink);
  return writer;
}

/** The kernel says EEXIST to a rule that is there. */
export const addRule = (rule: RuleSpec<Family>): Uint8Array =>
  write({ type: rtm.newRule, flags: flags.request | flags.ack | flags.create | flags.exclusive }, rule)
    .number8(attribute.protocol, PROTOCOL_STATIC)
    .finish();

export const deleteRule = (rule: RuleSpec<Family>): Uint8Array =>
  write({ type: rtm.deleteRule, flags: flags.request | flags.ack }, rule).finish();

export const dumpRules = (family: Family): Uint8Array =>
  new MessageWriter({ type: rtm.getRule, flags: flags.request | flags.dump })
    .u8(familyNumber[family])
    .u8(0)
    .u16(0)
    .u32(0)
    .u32(0)
    .finish();

/** undefined for a rule that does not look a table up. */
export function decodeRule(payload: Buffer): Decoded<RuleSpec<Family> | undefined> {
  const body = decodeBody(payload, size.rule);
  if (!body.ok) return body;
  const { fixed, attributes } = body.value;
  if (fixed.readUInt8(7) !== LOOKUP) return { ok: true, value: undefined };
  const [family, toLength, fromLength] = [fixed.readUInt8(0), fixed.readUInt8(1), fixed.readUInt8(2)];
  const to = readPrefix(readIp(attributes, attribute.to), toLength, family);
  const from = readPrefix(readIp(attributes, attribute.from), fromLength, family);
  if (to === undefined || from === undefined) return malformed('a rule with half a prefix');
  const value = number32(attributes, attribute.mark);
  const inputLink = text(attributes, attribute.inputLink);
  return {
    ok: true,
    value: {
      priority: number32(attributes, attribute.priority) ?? 0,
      table: number32(attributes, attribute.table) ?? fixed.readUInt8(4),
      ...(family === familyNumber.ipv6 ? { family: 'ipv6' } : {}),
      ...(from.length === 0 ? {} : { from }),
      ...(to.length === 0 ? {} : { to }),
      ...(value === undefined ? {} : { mark: { value, mask: number32(attributes, attribute.mask) ?? 0xffff_ffff } }),
      ...(inputLink === undefined ? {} : { inputLink }),
    },
  };
}
