import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Change } from '../state/draft.ts';
import { openJournal } from './journal.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'brlt-journal-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const gateway = (id: string, vpc?: string): Change => ({
  table: 'internetGateways',
  id,
  value: { id, tags: {}, ...(vpc !== undefined && { vpc }) },
});
const gone = (id: string): Change => ({ table: 'internetGateways', id });
const kept = (): readonly string[] => {
  const journal = openJournal({ dir });
  const ids = [...journal.state.all('internetGateways')].map(({ id, vpc }) =>
    vpc === undefined ? id : `${id} on ${vpc}`,
  );
  journal.close();
  return ids;
};
const path = (): string => join(dir, 'cloud.jsonl');

describe('the journal', () => {
  it('gives back what was committed, in the order in which it came to be', () => {
    const journal = openJournal({ dir });
    journal.commit([gateway('a'), gateway('b')]);
    journal.commit([gateway('a', 'vpc-1'), gone('b'), gateway('c')]);
    journal.close();
    expect(kept()).toEqual(['a on vpc-1', 'c']);
  });

  it('forgets a commit that was torn while it was written', () => {
    const journal = openJournal({ dir });
    journal.commit([gateway('a')]);
    journal.close();
    appendFileSync(path(), '[{"table":"internetGateways","id":"b","val');
    expect(kept()).toEqual(['a']);
    expect(kept()).toEqual(['a']);
  });

  it('is rewritten when most of it is history', () => {
    const journal = openJournal({ dir, slack: 10 });
    for (let count = 0; count < 100; count++) journal.commit([gateway('a', `vpc-${count}`)]);
    journal.close();
    expect(readFileSync(path(), 'utf8').split('\n').length).toBeLessThan(20);
    expect(kept()).toEqual(['a on vpc-99']);
  });

  it('of another form is refused rather than overwritten', () => {
    writeFileSync(path(), '{"format":99}\n');
    expect(kept).toThrow('is not a journal of this version; remove it to begin anew');
  });
});
