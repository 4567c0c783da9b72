import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { waitFor } from '../../supervisor/wait-for.ts';
import { busyboxRecipe } from '../images/busybox-image.ts';
import { buildImage } from './build-image.ts';
import { registryAddress, registryFiles } from './hosts.ts';
import { createRegistry } from './registry.ts';
import { storeContent } from './store-content.ts';
import { openStore } from './store.ts';

const fit = process.getuid?.() === 0 && ['/usr/bin/containerd', '/bin/busybox'].every((path) => existsSync(path));

const reason = fit ? '' : ' (not root, or containerd or busybox is not installed)';
describe.skipIf(!fit)(`a containerd that is told of the registry${reason}`, () => {
  let scratch: string;
  const cleanups: (() => Promise<void> | void)[] = [];
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'brl-pull-'));
    cleanups.push(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 10 }));
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  it('pulls and unpacks an image of any registry’s name, and finds one that the lab lacks not there', async () => {
    const hosts = await serve();
    const ctr = await startContainerd();
    const pull = (name: string) => ctr(['images', 'pull', '--hosts-dir', hosts, '--snapshotter', 'native', name]);
    await pull('docker.io/library/busybox:latest');
    expect((await ctr(['images', 'list'])).stdout).toContain('docker.io/library/busybox:latest');
    await expect(pull('ghcr.io/nosuch/image:1')).rejects.toThrow('not found');
  });

  /** @returns the folder that tells containerd of it. */
  async function serve(): Promise<string> {
    const store = openStore(join(scratch, 'store'));
    const recipes = [busyboxRecipe()];
    const build = async (): Promise<void> => {
      for (const recipe of recipes) await buildImage(store, recipe);
    };
    const server = createRegistry({ content: storeContent({ store, recipes, build }), onError: () => undefined });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => void server.close());
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const [path, content] of Object.entries(registryFiles())) {
      mkdirSync(dirname(join(scratch, path)), { recursive: true });
      writeFileSync(join(scratch, path), content.replaceAll(registryAddress, address));
    }
    return join(scratch, 'etc/containerd/certs.d');
  }

  /** @returns its client. */
  async function startContainerd(): Promise<(args: readonly string[]) => Promise<{ readonly stdout: string }>> {
    const socket = join(scratch, 'containerd.sock');
    writeFileSync(
      join(scratch, 'config.toml'),
      `version = 2
root = "${scratch}/root"
state = "${scratch}/state"
oom_score = 0
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`,
    );
    const child = spawn('/usr/bin/containerd', ['--config', join(scratch, 'config.toml')], { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
    cleanups.push(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    const ctr = (args: readonly string[]) => promisify(execFile)('ctr', ['--address', socket, ...args]);
    await waitFor({
      what: 'containerd',
      ask: () => ctr(['--connect-timeout', '1s', 'version']),
      signal: new AbortController().signal,
      timeoutMs: 30_000,
    });
    return ctr;
  }
});
