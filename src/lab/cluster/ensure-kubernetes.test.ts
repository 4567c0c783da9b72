import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isNewEnough } from './ensure-go.ts';
import { ensureKubernetes } from './ensure-kubernetes.ts';
import { kubernetesCommand, kubernetesPrograms } from './kubernetes-command.ts';

describe('ensureKubernetes', () => {
  let folder = '';
  const said: string[] = [];
  const ensure = (env: Readonly<Record<string, string>>): Promise<string> =>
    ensureKubernetes({
      say: (text) => said.push(text),
      progress: () => undefined,
      env: { PATH: '/nowhere', XDG_CACHE_HOME: join(folder, 'cache'), ...env },
    });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `brlt-${process.pid}-`));
    said.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('takes a folder of official binaries before anything else, and says so', async () => {
    for (const program of kubernetesPrograms) writeFileSync(join(folder, program), '');
    expect(await ensure({ BRANCHLINE_KUBERNETES_BIN: folder })).toBe(folder);
    expect(said).toEqual([`Kubernetes: the binaries in ${folder} (BRANCHLINE_KUBERNETES_BIN)`]);
    expect(kubernetesCommand(folder, 'kubelet')).toEqual([join(folder, 'kubelet')]);
  });

  it('names what such a folder lacks', async () => {
    for (const program of kubernetesPrograms.slice(2)) writeFileSync(join(folder, program), '');
    await expect(ensure({ BRANCHLINE_KUBERNETES_BIN: folder })).rejects.toThrow('lacks etcd, kube-apiserver');
  });
});

describe('kubernetesCommand', () => {
  it('calls the one binary by the program’s name', () => {
    const folder = mkdtempSync(join(tmpdir(), `brlt-${process.pid}-`));
    const binary = join(folder, 'kubernetes');
    writeFileSync(binary, '');
    expect(kubernetesCommand(binary, 'etcd')).toEqual([binary, 'etcd']);
    rmSync(folder, { recursive: true });
  });
});

describe('isNewEnough', () => {
  it('wants the Go of Kubernetes’ own go.mod', () => {
    expect(['go1.25', 'go1.25.3', 'go1.26rc1', 'go2.0'].map(isNewEnough)).toEqual([true, true, true, true]);
    expect(['go1.24.9', 'go1.9', 'devel', ''].map(isNewEnough)).toEqual([false, false, false, false]);
  });
});
