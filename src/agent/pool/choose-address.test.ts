import { describe, expect, it } from 'vitest';

import { formatIp, ip } from '../../core/address/ip.ts';
import { ipv4 } from '../../core/address/ipv4.ts';
import { type JournalEntry, type JournalState, newJournal, replay } from '../journal/journal.ts';
import { anAttachment, anInterface } from '../testing/builders.ts';
import { type AddressRequest, chooseAddress, COOLDOWN_MS, countPool } from './choose-address.ts';

const interfaces = [anInterface({ addresses: ['10.0.0.20', '10.0.0.21', '10.0.0.22'] })];
const held = (containerId: string, address: string): JournalEntry => ({
  kind: 'reserved',
  attachment: anAttachment({ containerId, address: ipv4(address) }),
});
const left = (containerId: string, atMs: number): JournalEntry => ({
  kind: 'released',
  containerId,
  ifname: 'eth0',
  atMs,
});
const after = (...entries: readonly JournalEntry[]): JournalState => replay(entries);
const choose = (request: Partial<AddressRequest>): string => {
  const choice = chooseAddress({ interfaces, journal: newJournal(), nowMs: 0, ...request });
  return choice.kind === 'chosen' ? formatIp(choice.address) : 'exhausted';
};

describe('the choice of an address', () => {
  it('never falls on a primary address or on one that is held', () => {
    expect(choose({ journal: after(held('a', '10.0.0.20')) })).toBe('10.0.0.21');
  });

  it('prefers an address that nobody had, then the one that has been idle for the longest', () => {
    const history = [held('a', '10.0.0.20'), held('b', '10.0.0.21'), left('b', 10), left('a', 20)];
    const journal = after(...history);
    expect(choose({ journal, nowMs: 100_000 })).toBe('10.0.0.22');
    const all = after(...history, held('c', '10.0.0.22'));
    expect(choose({ journal: all, nowMs: 100_000 })).toBe('10.0.0.21');
  });

  it('leaves an address alone while it cools down', () => {
    const journal = after(held('a', '10.0.0.20'), held('b', '10.0.0.21'), held('c', '10.0.0.22'), left('a', 1000));
    expect(choose({ journal, nowMs: 1000 + COOLDOWN_MS - 1 })).toBe('exhausted');
    expect(choose({ journal, nowMs: 1000 + COOLDOWN_MS })).toBe('10.0.0.20');
    expect(countPool({ interfaces, journal, nowMs: 2000 })).toEqual({ inUse: 2, cooling: 1, free: 0 });
  });

  it('stays on the interface that has pods while it has addresses, so that the other one can go', () => {
    const second = anInterface({ id: 'eni-second', addresses: ['10.0.1.20', '10.0.1.21'] });
    const both = [...interfaces, second];
    const journal = after(held('a', '10.0.1.21'), held('b', '10.0.1.20'), left('b', 0));
    expect(choose({ interfaces: both, journal, nowMs: COOLDOWN_MS })).toBe('10.0.1.20');
    expect(choose({ interfaces: both, journal, nowMs: COOLDOWN_MS - 1 })).toBe('10.0.0.20');
  });

  it('takes addresses of prefixes too', () => {
    const record = anInterface({ addresses: [], prefixes: ['10.0.1.16/28'] });
    expect(choose({ interfaces: [record] })).toBe('10.0.1.16');
    expect(countPool({ interfaces: [record], journal: newJournal(), nowMs: 0 }).free).toBe(16);
  });

  it('takes the addresses of an IPv6 prefix one by one, which nobody could list', () => {
    const ipv6 = [anInterface({ addresses: [], prefixes: ['2001:db8:0:0:1::/80'] })];
    expect(choose({ interfaces: ipv6 })).toBe('2001:db8:0:0:1::');
    const one = anAttachment({ containerId: 'a', address: ip('2001:db8:0:0:1::') });
    expect(choose({ interfaces: ipv6, journal: after({ kind: 'reserved', attachment: one }) })).toBe(
      formatIp(ip('2001:db8:0:0:1::1')),
    );
    expect(countPool({ interfaces: ipv6, journal: newJournal(), nowMs: 0 })).toEqual({
      inUse: 0,
      cooling: 0,
      free: 1024,
    });
  });
});
