import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { installPlugin, writeConflist } from './install-plugin.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'brl-install-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the installation', () => {
  it('puts an executable plugin in place and leaves nothing else', () => {
    writeFileSync(join(folder, 'shim'), 'binary');
    for (let turn = 0; turn < 2; turn++) installPlugin(join(folder, 'shim'), join(folder, 'bin'));
    expect(readdirSync(join(folder, 'bin'))).toEqual(['branchline-cni']);
    expect(statSync(join(folder, 'bin', 'branchline-cni')).mode & 0o777).toBe(0o755);
  });

  it('chains portmap only where it is installed', () => {
    const types = (): readonly string[] => {
      const list = JSON.parse(readFileSync(join(folder, '05-branchline.conflist'), 'utf8')) as {
        plugins: { type: string }[];
      };
      return list.plugins.map(({ type }) => type);
    };
    writeConflist(folder, folder);
    expect(types()).toEqual(['branchline-cni']);
    writeFileSync(join(folder, 'portmap'), '');
    writeConflist(folder, folder);
    expect(types()).toEqual(['branchline-cni', 'portmap']);
  });
});
