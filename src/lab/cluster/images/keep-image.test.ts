import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { keepImage } from './keep-image.ts';

describe('the tar that a lab keeps', () => {
  const cache = mkdtempSync(join(tmpdir(), 'brlt-cache-'));
  const lab = mkdtempSync(join(tmpdir(), 'brlt-lab-'));
  const cached = join(cache, 'web-0123456789ab.tar');
  afterEach(() => {
    for (const folder of [cache, lab]) rmSync(folder, { recursive: true, force: true });
  });

  it('is its own from then on, and what the cache lacks is said so', () => {
    expect(keepImage(cached, lab)).toBeUndefined();
    writeFileSync(cached, 'layers');
    const kept = keepImage(cached, lab);
    expect(keepImage(cached, lab)).toBe(kept);
    rmSync(cached);
    expect(readFileSync(kept ?? '', 'utf8')).toBe('layers');
    expect(keepImage(cached, lab)).toBeUndefined();
  });
});
