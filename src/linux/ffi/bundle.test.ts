import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { build } from 'esbuild';

import { itAsRoot } from '../testing/as-root.ts';

// Within the repository, where Node looks for koffi as it does beside a shipped bundle.
const folder = join(import.meta.dirname, '../../../.build', `bundle-test-${process.pid}`);
const outfile = join(folder, 'kernel.mjs');
const name = `brlt-${process.pid}-b`;

/** Runs statements in a process of their own that has only the bundle; what they print as JSON. */
const run = (statements: string): unknown => {
  const program = `import { readdirSync, readlinkSync, promises } from 'node:fs';
    import { openKernel } from ${JSON.stringify(outfile)};
    const kernel = openKernel();
    ${statements}`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
};

describe('a bundle', () => {
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    const entryPoints = [join(import.meta.dirname, '../kernel.ts')];
    const external = ['koffi'];
    await build({ entryPoints, outfile, external, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds all but koffi, and finds that beside the sources that it was made of', () => {
    expect(run(`console.log(JSON.stringify(kernel.link(kernel.self(), 'lo').name))`)).toBe('lo');
  });

  itAsRoot('works in namespaces, on other threads and with libnftables, and no thread strays', () => {
    const found = run(`
      const netns = kernel.createNetns('${name}');
      try {
        const events = [];
        const watch = kernel.watch(netns, ({ subject, change }) => events.push(subject + ' ' + change));
        kernel.apply(netns, [{ op: 'add-veth', name: 'a', peer: { name: 'b' } }]);
        kernel.sysctl(netns, 'net/ipv4/conf/a/rp_filter', '2');
        kernel.nft(netns, 'table inet t {\\n chain c {\\n iif "a" drop\\n }\\n}');
        await kernel.deleteLinks(netns, ['a']);
        while (!events.includes('link gone')) await promises.stat('/');
        watch.close();
        const threads = readdirSync('/proc/self/task').map((id) => readlinkSync('/proc/self/task/' + id + '/ns/net'));
        const [links, rules] = [kernel.links(netns).length, kernel.nftList(netns, 'chain inet t c')];
        console.log(JSON.stringify({ links, rules, namespaces: new Set(threads).size }));
      } finally {
        netns.close();
        kernel.deleteNetns('${name}');
      }`);
    expect(found).toEqual({ links: 1, rules: expect.stringMatching(/iif \d drop/) as unknown, namespaces: 1 });
  });
});
