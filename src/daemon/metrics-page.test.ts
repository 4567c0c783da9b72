import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { createMetrics as ofTheAgent } from '../agent/http/metrics.ts';
import { createMetrics as ofTheController } from '../controller/http/metrics.ts';
import type { Described } from './exposition.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
/** The rows of the table under a heading. */
const rowsUnder = (heading: string): readonly string[] =>
  (page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));
const row = ({ name, type, labels = [], help }: Described): string =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;

describe('docs/metrics.md', () => {
  it('lists what the agent shows, and nothing else', () => {
    expect(rowsUnder('Agent')).toEqual(
      ofTheAgent(() => undefined)
        .described()
        .map(row),
    );
  });

  it('lists what the controller shows, and nothing else', () => {
    const nothing = () => 0;
    const metrics = ofTheController({
      nodes: nothing,
      records: nothing,
      waitingNodes: nothing,
      rulesAgeSeconds: nothing,
    });
    expect(rowsUnder('Controller')).toEqual(metrics.described().map(row));
  });
});
