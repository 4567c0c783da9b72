import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { buildKubernetes } from './build-kubernetes.ts';

/** Answers as Go does; what `go build` does is the test's. */
const fakeGo = (build: string): string => `#!/bin/sh
case "$1" in
  env) echo go1.25.3 ;;
  list) printf 'unsafe\\nerrors\\nk8s.io/kubernetes/cmd\\n' ;;
  build)
    echo built >>"$COUNTER"
    while [ "$1" != -o ]; do shift; done
    output=$2
    ${build}
    ;;
esac
`;

describe('buildKubernetes', () => {
  let folder = '';
  const said: string[] = [];
  const binary = (): string => join(folder, `cache-${process.pid}`, 'kubernetes');
  const builds = (): number =>
    existsSync(join(folder, 'count')) ? readFileSync(join(folder, 'count'), 'utf8').split('\n').length - 1 : 0;
  const install = (build: string): void => {
    writeFileSync(join(folder, 'bin', 'go'), fakeGo(build));
    chmodSync(join(folder, 'bin', 'go'), 0o755);
  };
  const start = (signal?: AbortSignal): Promise<void> =>
    buildKubernetes({
      say: (text) => said.push(text),
      progress: (text) => said.push(text),
      env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, COUNTER: join(folder, 'count') },
      source: folder,
      binary: binary(),
      ...(signal === undefined ? {} : { signal }),
    });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `brlt-${process.pid}-`));
    mkdirSync(join(folder, 'bin'));
    said.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('counts the packages and puts the binary in place when it is whole', async () => {
    install('echo errors >&2; echo k8s.io/kubernetes/cmd >&2; echo binary >"$output"');
    await start();
    expect(readFileSync(binary(), 'utf8')).toBe('binary\n');
    expect(readdirSync(dirname(binary()))).toEqual(['kubernetes']);
    expect(said).toEqual(expect.arrayContaining(['Kubernetes: package 1 of 2', 'Kubernetes: package 2 of 2']));
  });

  it('builds once when two start at once', async () => {
    install('sleep 0.2; echo binary >"$output"');
    await Promise.all([start(), start()]);
    expect(builds()).toBe(1);
    expect(said).toContain(`Kubernetes: process ${process.pid} is building it; waiting`);
  });

  it('leaves nothing half made by a build that fails, and shows Go’s own words', async () => {
    install('echo half >"$output"; echo "main.go:7: no such package" >&2; exit 1');
    await expect(start()).rejects.toThrow('main.go:7: no such package');
    expect(readdirSync(dirname(binary()))).toEqual([]);
  });

  it('leaves nothing half made by a build that is ended, and removes what a killed one left', async () => {
    install('echo half >"$output"; echo errors >&2; exec sleep 1000');
    mkdirSync(join(dirname(binary()), 'building-killed'), { recursive: true });
    const ending = new AbortController();
    const build = start(ending.signal);
    await expect.poll(() => said).toContain('Kubernetes: package 1 of 2');
    ending.abort();
    await expect(build).rejects.toThrow(/abort/i);
    expect(readdirSync(dirname(binary()))).toEqual([]);
  });
});
