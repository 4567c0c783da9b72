import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { silentLog } from '../../daemon/log.ts';
import { clockDouble } from '../testing/doubles.ts';
import { installPlugin, keepInstalled, writeConflist } from './install-plugin.ts';

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

  it('comes back when somebody has taken it away', async () => {
    const clock = clockDouble();
    const shim = join(folder, 'shim');
    writeFileSync(shim, 'binary');
    const folders = { binDir: join(folder, 'bin'), confDir: join(folder, 'conf') };
    const stop = keepInstalled({ shim, ...folders, clock, log: silentLog });
    const installed = (): readonly string[] => Object.values(folders).flatMap((each) => readdirSync(each));
    const all = installed();
    expect(all).toEqual(['branchline-cni', '05-branchline.conflist']);
    rmSync(join(folders.binDir, 'branchline-cni'));
    rmSync(join(folders.confDir, '05-branchline.conflist'));
    await clock.advance(10_000);
    expect(installed()).toEqual(all);
    stop();
    rmSync(join(folders.binDir, 'branchline-cni'));
    await clock.advance(10_000);
    expect(installed()).toEqual(['05-branchline.conflist']);
  });
});
