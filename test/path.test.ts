/** The README's first command, as a user runs it: a whole lab, from nothing to nothing. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { PathResult } from '../src/lab/scenarios/path/run.ts';

const root = join(import.meta.dirname, '..');

async function runLabOnce(): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'lab', '--once', '--output', 'json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { code, stdout: Buffer.concat(chunks).toString('utf8') };
}

const namespaces = (): string[] => {
  try {
    return readdirSync('/run/netns').sort();
  } catch {
    return [];
  }
};

describe('npm run lab -- --once', () => {
  it('serves annotated pods end to end: observed packets are as evaluate() expects, and nothing is left behind', async () => {
    const before = namespaces();
    const { code, stdout } = await runLabOnce();
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as PathResult;
    expect(result.complaints).toEqual([]);
    expect(result.cells).toHaveLength(30);
    for (const cell of result.cells)
      expect(cell.observed, `${cell.source.name} → ${cell.target.name}`).toBe(cell.expected);
    expect(result.delays.map(({ change, where }) => `${change} ${where}`).sort()).toEqual([
      'authorised across two nodes',
      'authorised on one node',
      'revoked across two nodes',
      'revoked on one node',
    ]);
    expect(namespaces()).toEqual(before);
  });
});
