import { describe, expect, it } from 'vitest';

import { type Cell, type SamplePod, checkMatrix, renderMatrix } from './matrix.ts';

const pod = (name: string, node: string, port: number): SamplePod => ({
  name,
  app: name,
  node,
  address: '10.0.0.9',
  port,
});
const web = pod('web', 'n1', 80);
const db = pod('db', 'n2', 5432);
const cell = (source: SamplePod, target: SamplePod, expected: Cell['expected'], observed: Cell['observed']): Cell => ({
  source,
  target,
  expected,
  observed,
  reason: 'because',
});

describe('checkMatrix', () => {
  it('agrees when every cell is as expected and every server was reached by somebody', () => {
    expect(checkMatrix([cell(web, db, 'open', 'open'), cell(db, web, 'open', 'open')])).toEqual({
      agrees: true,
      complaints: [],
    });
  });

  it('names a cell that differs, with the reason for what was expected', () => {
    const check = checkMatrix([cell(web, db, 'closed', 'open'), cell(db, web, 'open', 'open')]);
    expect(check.complaints).toEqual(['web → db:5432 is open, expected closed: because']);
  });

  it('does not take silence for a verdict where nobody reached the server', () => {
    const check = checkMatrix([cell(web, db, 'open', 'open'), cell(db, web, 'closed', 'closed')]);
    expect(check.agrees).toBe(false);
    expect(check.complaints).toEqual(['no probe reached web, so its closed cells prove nothing']);
  });
});

describe('renderMatrix', () => {
  it('marks the cells that differ', () => {
    expect(renderMatrix([cell(web, db, 'closed', 'open'), cell(db, web, 'open', 'open')], ['n1', 'n2'])).toBe(
      ['from \\ to   web@1:80   db@2:5432', 'web@1       ·          open ≠', 'db@2        open       ·'].join('\n'),
    );
  });
});
