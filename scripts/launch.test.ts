/** The launcher in a repository of its own, with an npm that only pretends. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

describe('the launcher', () => {
  let root: string;
  const write = (path: string, text: string, mode = 0o644): void => {
    const whole = join(root, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, text);
    chmodSync(whole, mode);
  };
  const pinned = `node_modules/node-linux-${process.arch}/bin/node`;
  /** Notes that it was called, and installs a Node that names itself and runs the program as a shell would. */
  const npm = (end: string): string => `#!/bin/sh
echo "$@" >>${root}/npm.log
mkdir -p ${root}/$(dirname ${pinned})
printf '#!/bin/sh\\necho pinned "$@"\\nshift; exec sh "$@"\\n' >${root}/${pinned}
chmod 755 ${root}/${pinned}
${end}
`;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'brlt-launch-'));
    mkdirSync(join(root, 'scripts'));
    copyFileSync(join(import.meta.dirname, 'launch.mjs'), join(root, 'scripts/launch.mjs'));
    write('package-lock.json', '{"lock": 1}');
    write('bin/npm', npm('exit 0'), 0o755);
    write('program', 'exit 7\n');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const env = () => ({ ...process.env, PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}` });
  const launcher = () => join(root, 'scripts/launch.mjs');
  const launch = (...args: readonly string[]) =>
    spawnSync(process.execPath, [launcher(), ...args], { env: env(), encoding: 'utf8' });
  const installs = (): readonly string[] =>
    existsSync(join(root, 'npm.log')) ? readFileSync(join(root, 'npm.log'), 'utf8').trim().split('\n') : [];

  it('installs what is locked before the first run, says so, and runs the program with the pinned Node', () => {
    const { status, stdout, stderr } = launch('program', 'one', '--two');
    expect(stdout).toBe(`pinned --disable-warning=ExperimentalWarning ${join(root, 'program')} one --two\n`);
    expect(stderr).toContain('Installing the locked npm dependencies into node_modules (first run)');
    expect(status).toBe(7);
    expect(installs()).toEqual([expect.stringMatching(/^ci .*--ignore-scripts/) as unknown]);
  });

  it('asks npm nothing in the runs after it, until the lock changes', () => {
    launch('program');
    const second = launch('program');
    expect([second.stderr, installs().length]).toEqual(['', 1]);
    write('package-lock.json', '{"lock": 2}');
    expect(launch('program').stderr).toContain('the lock changed');
    expect(installs()).toHaveLength(2);
  });

  it('does not take a failed installation for one', () => {
    write('bin/npm', npm('exit 1'), 0o755);
    const { status, stdout, stderr } = launch('program');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('`npm ci` failed');
    write('bin/npm', npm('exit 0'), 0o755);
    expect(launch('program').status).toBe(7);
  });

  it('installs once when two are started at the same time: the second waits, and then runs as well', async () => {
    write('bin/npm', npm(`until [ -e ${root}/go-on ]; do sleep 0.05; done`), 0o755);
    const start = () =>
      spawn(process.execPath, [launcher(), 'program'], { env: env(), stdio: ['ignore', 'ignore', 'pipe'] });
    const said = async (child: ReturnType<typeof start>, words: string): Promise<void> => {
      for await (const text of child.stderr.iterator({ destroyOnReturn: false })) {
        if (String(text).includes(words)) return;
      }
      throw new Error(`ended without: ${words}`);
    };
    const first = start();
    const ends = [once(first, 'exit')];
    await said(first, 'Installing the locked');
    const second = start();
    ends.push(once(second, 'exit'));
    await said(second, `Waiting for process ${first.pid}`);
    write('go-on', '');
    expect((await Promise.all(ends)).map(([code]) => code as number)).toEqual([7, 7]);
    expect(installs()).toHaveLength(1);
    expect(readdirSync(join(root, '.build'))).toEqual([]);
  });

  it('takes the turn of a process that is gone, or whose pid another one has by now', () => {
    for (const left of ['4194305-17', `${process.pid}-17`]) {
      rmSync(join(root, 'node_modules'), { recursive: true, force: true });
      write(`.build/installing/${left}`, '');
      expect(launch('program').status).toBe(7);
    }
    expect(installs()).toHaveLength(2);
    expect(readdirSync(join(root, '.build'))).toEqual([]);
  });

  it('passes a signal on, and ends as its program does', async () => {
    write('program', `trap 'echo stopping; exit 5' TERM\necho ready\nwhile :; do sleep 0.05; done\n`);
    const child = spawn(process.execPath, [launcher(), 'program'], { env: env(), stdio: ['ignore', 'pipe', 'ignore'] });
    const output: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.push(text);
      if (text.includes('ready')) child.kill('SIGTERM');
    });
    const [code] = (await once(child, 'close')) as [number];
    expect([output.join('').includes('stopping'), code]).toEqual([true, 5]);
  });

  it('says how it is to be called', () => {
    launch('program');
    expect(launch()).toMatchObject({ status: 1, stderr: 'usage: node scripts/launch.mjs PROGRAM [arguments]\n' });
  });
});
