import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { ipv4 } from '../../core/address/ipv4.ts';
import { anAttachment } from '../testing/builders.ts';
import { compact, type JournalEntry, type JournalState, newJournal, record, replay } from './journal.ts';
import { openJournal } from './journal-file.ts';
import type { JournalHeader } from './journal-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'brl-journal-'));
const path = join(folder, 'journal');
const header: JournalHeader = { version: 1, bootId: 'boot', netns: '4:1' };
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(path, { force: true }));

const first = anAttachment({ containerId: 'a', address: ipv4('10.0.0.4') });
const second = anAttachment({ containerId: 'b', address: ipv4('10.0.0.5') });
const history: readonly JournalEntry[] = [
  { kind: 'reserved', attachment: first },
  { kind: 'wired', containerId: 'a', ifname: 'eth0' },
  { kind: 'reserved', attachment: second },
  { kind: 'released', containerId: 'a', ifname: 'eth0', atMs: 500 },
];
const plain = (state: JournalState): unknown => ({
  holdings: [...state.holdings],
  holders: [...state.holders],
  idleSince: [...state.idleSince],
});

describe('the journal', () => {
  it('knows who holds an address, how far the wiring came, and since when an address is idle', () => {
    const state = replay(history);
    expect(plain(state)).toEqual({
      holdings: [['b/eth0', { attachment: second, state: 'reserved' }]],
      holders: [[ipv4('10.0.0.5'), { attachment: second, state: 'reserved' }]],
      idleSince: [[ipv4('10.0.0.4'), 500]],
    });
  });

  it('is not changed by a release of what nobody holds', () => {
    const state = replay(history);
    record(state, { kind: 'released', containerId: 'x', ifname: 'eth0', atMs: 9 });
    expect(state).toEqual(replay(history));
  });

  it('says the same after compaction', () => {
    const state = replay(history);
    expect(plain(replay(compact(state)))).toEqual(plain(state));
  });
});

describe('the journal on disk', () => {
  const written = (): JournalState => {
    const journal = openJournal({ path, header });
    for (const entry of history) journal.append(entry);
    journal.close();
    return journal.state;
  };

  it('is read back by the next process', () => {
    const state = written();
    expect(plain(openJournal({ path, header }).state)).toEqual(plain(state));
  });

  it('loses at every place where it may be torn only the entry that was being written', () => {
    written();
    const whole = readFileSync(path);
    const ends = [...whole.keys()].filter((at) => whole[at] === 10);
    for (let size = 0; size < whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      const journal = openJournal({ path, header });
      const entries = Math.max(0, ends.filter((end) => end < size).length - 1);
      expect(plain(journal.state)).toEqual(plain(replay(history.slice(0, entries))));
      journal.append({ kind: 'idle', address: ipv4('10.9.9.9'), sinceMs: 1 });
      journal.close();
      expect(openJournal({ path, header }).state.idleSince.get(ipv4('10.9.9.9'))).toBe(1);
    }
  });

  it('is refused when a line before the last is damaged', () => {
    written();
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"wired"', '"wirec"'));
    expect(() => openJournal({ path, header })).toThrow('line 3');
  });

  it('is void after a boot and in another network namespace', () => {
    for (const other of [
      { ...header, bootId: 'next' },
      { ...header, netns: '4:2' },
    ]) {
      written();
      expect(openJournal({ path, header: other }).state).toEqual(newJournal());
      rmSync(path);
    }
  });

  it('is rewritten when most of it is history, and says the same', () => {
    const journal = openJournal({ path, header, slack: 10 });
    for (let round = 0; round < 100; round++) for (const entry of history) journal.append(entry);
    expect(statSync(path).size).toBeLessThan(20_000);
    expect(plain(openJournal({ path, header }).state)).toEqual(plain(journal.state));
    truncateSync(path, 0);
  });

  it('keeps IPv6 addresses, which are no JSON numbers', () => {
    const address = ip('2001:db8::20');
    const attachment = anAttachment({ address, nodeAddress: ip('2001:db8::10') });
    const journal = openJournal({ path, header });
    journal.append({ kind: 'reserved', attachment }, { kind: 'idle', address: ip('2001:db8::21'), sinceMs: 7 });
    journal.close();
    const again = openJournal({ path, header });
    again.close();
    expect(again.state.holders.get(address)?.attachment).toEqual(attachment);
    expect(again.state.idleSince.get(ip('2001:db8::21'))).toBe(7);
  });
});
