/** Links: RTM_*LINK messages. */
import { formatMac, macBytes, type Mac } from '../../core/address/mac.ts';
import { flags } from '../netlink/answer.ts';
import { decodeBody, type Decoded, malformed, nested, number32, text } from '../netlink/reader.ts';
import { MessageWriter } from '../netlink/writer.ts';
import type { Link } from '../port.ts';
import { rtm, size } from './numbers.ts';

const attribute = {
  mac: 1,
  name: 3,
  mtu: 4,
  link: 5,
  linkInfo: 18,
  group: 27,
  netnsFd: 28,
  extendedMask: 29,
  transmitQueues: 31,
  receiveQueues: 32,
} as const;
const info = { kind: 1, data: 2 } as const;
const VETH_PEER = 1;
const VLAN_ID = 1;
const IFF_UP = 1;
const SKIP_STATISTICS = 8;

interface Header {
  readonly index?: number;
  /** undefined leaves it as it is. */
  readonly up?: boolean | undefined;
}
const header = (writer: MessageWriter, { index = 0, up }: Header): void => {
  const mask = up === undefined ? 0 : IFF_UP;
  writer.u8(0).u8(0).u16(0).u32(index);
  writer.u32(up === true ? IFF_UP : 0).u32(mask);
};

interface EndOptions {
  readonly name?: string | undefined;
  readonly mac?: Mac | undefined;
  readonly mtu?: number | undefined;
  readonly group?: number | undefined;
}
const describe = (writer: MessageWriter, { name, mac, mtu, group }: EndOptions): void => {
  if (name !== undefined) writer.text(attribute.name, name);
  if (mac !== undefined) writer.bytes(attribute.mac, macBytes(mac));
  if (mtu !== undefined) writer.number32(attribute.mtu, mtu);
  if (group !== undefined) writer.number32(attribute.group, group);
};

export interface VethEnds {
  readonly near: EndOptions & { readonly up: boolean };
  /** The descriptor of its namespace; the near end's when absent. */
  readonly peer: EndOptions & { readonly netnsFd?: number | undefined };
}

/**
 * By default there is a queue for each CPU, and a folder in /sys for each queue: a third of the creation's time with two
 * CPUs, and far more with 96. A veth has no queue to speak of, nor a lock that several would spare.
 */
const oneQueue = (writer: MessageWriter): void => {
  writer.number32(attribute.transmitQueues, 1);
  writer.number32(attribute.receiveQueues, 1);
};

/** Echoed, so that the index of the new link comes with the answer (kernels before 6.2 do not: ask for it then). */
export function newVeth({ near, peer }: VethEnds): Uint8Array {
  const writer = new MessageWriter({
    type: rtm.newLink,
    flags: flags.request | flags.ack | flags.echo | flags.create | flags.exclusive,
  });
  header(writer, near.up ? { up: true } : {});
  describe(writer, near);
  oneQueue(writer);
  writer.nest(attribute.linkInfo, () => {
    writer.text(info.kind, 'veth');
    writer.nest(info.data, () => {
      writer.nest(VETH_PEER, () => {
        // Up here fails with ENOTCONN: the peer is configured before the two are joined.
        header(writer, {});
        describe(writer, peer);
        oneQueue(writer);
        if (peer.netnsFd !== undefined) writer.number32(attribute.netnsFd, peer.netnsFd);
      });
    });
  });
  return writer.finish();
}

export interface VlanDevice extends EndOptions {
  readonly id: number;
  readonly trunkIndex: number;
  readonly up?: boolean | undefined;
}
export function newVlan({ id, trunkIndex, up, ...rest }: VlanDevice): Uint8Array {
  const writer = new MessageWriter({
    type: rtm.newLink,
    flags: flags.request | flags.ack | flags.create | flags.exclusive,
  });
  header(writer, up === true ? { up } : {});
  describe(writer, rest);
  writer.number32(attribute.link, trunkIndex);
  writer.nest(attribute.linkInfo, () => {
    writer.text(info.kind, 'vlan');
    writer.nest(info.data, () => writer.number16(VLAN_ID, id));
  });
  return writer.finish();
}

export interface LinkUpdate extends EndOptions {
  readonly index: number;
  readonly up?: boolean | undefined;
}
export function setLink({ index, up, ...rest }: LinkUpdate): Uint8Array {
  const writer = new MessageWriter({ type: rtm.newLink, flags: flags.request | flags.ack });
  header(writer, { index, up });
  describe(writer, rest);
  return writer.finish();
}

/** By name, or all of a group. */
export function deleteLink(which: { readonly name: string } | { readonly group: number }): Uint8Array {
  const writer = new MessageWriter({ type: rtm.deleteLink, flags: flags.request | flags.ack });
  header(writer, {});
  describe(writer, which);
  return writer.finish();
}

export function getLink(name: string): Uint8Array {
  const writer = new MessageWriter({ type: rtm.getLink, flags: flags.request | flags.ack });
  header(writer, {});
  return writer.text(attribute.name, name).number32(attribute.extendedMask, SKIP_STATISTICS).finish();
}

export function dumpLinks(): Uint8Array {
  const writer = new MessageWriter({ type: rtm.getLink, flags: flags.request | flags.dump });
  header(writer, {});
  return writer.number32(attribute.extendedMask, SKIP_STATISTICS).finish();
}

export function decodeLink(payload: Buffer): Decoded<Link> {
  const body = decodeBody(payload, size.link);
  if (!body.ok) return body;
  const { fixed, attributes } = body.value;
  const name = text(attributes, attribute.name);
  if (name === undefined) return malformed('a link without a name');
  const mac = attributes.get(attribute.mac);
  return {
    ok: true,
    value: {
      index: fixed.readInt32LE(4),
      name,
      mac: mac?.length === 6 ? formatMac(mac) : undefined,
      mtu: number32(attributes, attribute.mtu) ?? 0,
      up: (fixed.readUInt32LE(8) & IFF_UP) !== 0,
      group: number32(attributes, attribute.group) ?? 0,
      kind: text(nested(attributes, attribute.linkInfo), info.kind),
    },
  };
}

export function decodePeerIndex(payload: Buffer): number | undefined {
  const body = decodeBody(payload, size.link);
  return body.ok ? number32(body.value.attributes, attribute.link) : undefined;
}

/** Of a thousand links a dump tells forty attributes each: who wants the name alone reads no further. */
export function decodeLinkName(payload: Buffer): Decoded<{ readonly index: number; readonly name: string }> {
  const [at, start] = [size.link, size.link + 4];
  if (payload.length < start || payload.readUInt16LE(at + 2) !== attribute.name) return decodeLink(payload);
  const end = payload.indexOf(0, start);
  if (end < 0) return malformed('a name without an end');
  return { ok: true, value: { index: payload.readInt32LE(4), name: payload.toString('utf8', start, end) } };
}
