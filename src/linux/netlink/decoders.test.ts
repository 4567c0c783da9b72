import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { ipv4 } from '../../core/address/ipv4.ts';
import { mac } from '../../core/address/mac.ts';
import { prefix } from '../../core/address/prefix.ts';
import { decodeProgramId } from '../bpf/traffic-control.ts';
import { decodeConnection, deleteConnections } from '../nfnl/conntrack.ts';
import { readTableEvent } from '../nfnl/table-event.ts';
import { decodeAddress, replaceAddress } from '../rtnl/address.ts';
import { decodeLink, decodeLinkName, newVeth } from '../rtnl/link.ts';
import { decodeNeighbour, replaceNeighbour } from '../rtnl/neighbour.ts';
import { decodeRoute, replaceRoute } from '../rtnl/route.ts';
import { addRule, decodeRule } from '../rtnl/rule.ts';
import { readRouteEvent } from '../rtnl/route-event.ts';
import { decodeOutcome } from './answer.ts';
import { decodeAttributes, type Decoded, decodeMessages, type NetlinkMessage } from './reader.ts';
import { HEADER_SIZE } from './writer.ts';

const nearMac = mac('02:00:00:00:00:01');
const outcome = (type: number) => (payload: Buffer) => decodeOutcome({ type, flags: 0x200, sequence: 1, payload });
const event = (read: (message: NetlinkMessage) => Decoded<unknown>, type: number) => (payload: Buffer) =>
  read({ type, flags: 0, sequence: 0, payload });
const decoders: Readonly<Record<string, (bytes: Buffer) => Decoded<unknown>>> = {
  messages: decodeMessages,
  attributes: decodeAttributes,
  acknowledgement: outcome(2),
  'end of a dump': outcome(3),
  link: decodeLink,
  'name of a link': decodeLinkName,
  address: decodeAddress,
  route: decodeRoute,
  rule: decodeRule,
  connection: decodeConnection,
  'program id': decodeProgramId,
  neighbour: decodeNeighbour,
  'event of links': event(readRouteEvent, 16),
  'event of rules': event(readRouteEvent, 33),
  'event of tables': event((message) => readTableEvent(message, undefined), 10 << 8),
  'event in a table': event((message) => readTableEvent(message, 'ours'), (10 << 8) | 12),
};
/** Messages as we write them ourselves have what these decoders look for. */
const samples: Readonly<Record<string, Uint8Array>> = {
  link: newVeth({ near: { name: 'host0', mac: nearMac, mtu: 9001, group: 5, up: true }, peer: { name: 'eth0' } }),
  address: replaceAddress({ index: 3, address: ip('10.0.0.20'), length: 32 }),
  route: replaceRoute({ index: 3, destination: prefix('fd00::/64'), gateway: ip('fe80::1'), table: 20000 }),
  rule: addRule({ priority: 800, table: 300, from: prefix('10.0.0.0/8'), mark: { value: 1, mask: 1 }, inputLink: 'x' }),
  neighbour: replaceNeighbour({ index: 3, address: ip('10.0.0.1'), mac: nearMac }),
  connection: deleteConnections(ipv4('10.0.0.20'), ['original', 'source']),
};
const payloadOf = (message: Uint8Array): Buffer => Buffer.from(message.subarray(HEADER_SIZE));

describe('the decoders', () => {
  it('read what the encoders wrote', () => {
    const read = (name: string): unknown => decoders[name]?.(payloadOf(samples[name] ?? new Uint8Array()));
    expect(read('link')).toMatchObject({
      ok: true,
      value: { name: 'host0', mac: nearMac, mtu: 9001, up: true, kind: 'veth', group: 5 },
    });
    expect(read('address')).toEqual({ ok: true, value: { index: 3, address: ip('10.0.0.20'), length: 32 } });
    expect(read('route')).toEqual({
      ok: true,
      value: { destination: prefix('fd00::/64'), table: 20000, index: 3, gateway: ip('fe80::1') },
    });
    expect(read('rule')).toMatchObject({
      ok: true,
      value: { priority: 800, table: 300, from: prefix('10.0.0.0/8'), inputLink: 'x' },
    });
    expect(read('neighbour')).toEqual({
      ok: true,
      value: { index: 3, address: ip('10.0.0.1'), mac: nearMac, permanent: true },
    });
    expect(read('connection')).toMatchObject({ ok: true, value: { addresses: [ipv4('10.0.0.20')] } });
  });

  it('refuse messages and attributes that claim more bytes than there are, or fewer than a header', () => {
    const message = Buffer.from(samples['link'] ?? []);
    for (const claimed of [0, HEADER_SIZE - 1, message.length + 1, message.length + 64]) {
      const lying = Buffer.from(message);
      lying.writeUInt32LE(claimed, 0);
      expect(decodeMessages(lying)).toEqual({ ok: false, reason: `a message that claims ${claimed} bytes` });
    }
    for (const claimed of [0, 3, 9, 64]) {
      const attribute = Buffer.from([claimed, 0, 1, 0, 1, 2, 3, 4]);
      expect(decodeAttributes(attribute)).toEqual({ ok: false, reason: `an attribute that claims ${claimed} bytes` });
    }
  });

  describe.each(Object.entries(decoders))('%s', (name, decode) => {
    it('answers to any bytes with a value', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (bytes) => {
          const decoded = decode(Buffer.from(bytes));
          if (!decoded.ok) expect(decoded.reason).not.toBe('');
        }),
        { numRuns: 2000 },
      );
    });

    it('answers to the real thing, cut short or with bytes changed, with a value', () => {
      const whole = samples[name];
      const payload = whole === undefined ? Buffer.from(samples['link'] ?? []) : payloadOf(whole);
      for (let length = 0; length <= payload.length; length++) decode(payload.subarray(0, length));
      const position = fc.nat({ max: payload.length - 1 });
      const change = fc.tuple(position, fc.nat({ max: 255 }));
      fc.assert(
        fc.property(fc.array(change, { maxLength: 4 }), fc.nat({ max: payload.length }), (changes, length) => {
          const bytes = Buffer.from(payload);
          for (const [at, value] of changes) bytes[at] = value;
          decode(bytes.subarray(0, length));
        }),
        { numRuns: 2000 },
      );
    });
  });
});

describe('an outcome', () => {
  const payload = (errno: number, rest: Buffer): Buffer => {
    const head = Buffer.alloc(20);
    head.writeInt32LE(-errno, 0);
    head.writeUInt32LE(HEADER_SIZE + 8, 4);
    return Buffer.concat([head, rest]);
  };
  const words = Buffer.from('\x0d\0\x01\0too late\0\0\0\0', 'latin1');

  it('has the kernel’s words, after the request or in its place', () => {
    const whole = { type: 2, flags: 0x200, sequence: 1, payload: payload(22, Buffer.concat([Buffer.alloc(8), words])) };
    const capped = { type: 2, flags: 0x300, sequence: 1, payload: payload(22, words) };
    expect([decodeOutcome(whole), decodeOutcome(capped)]).toEqual([
      { ok: true, value: { errno: 22, text: 'too late' } },
      { ok: true, value: { errno: 22, text: 'too late' } },
    ]);
  });
});
