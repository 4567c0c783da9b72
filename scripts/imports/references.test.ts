/** What project references and rooms' types refuse, asked of the compiler itself with one file in the place of a room. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.build', `references-test-${process.pid}`);

/** Codes of the compiler's errors about a file of this text in that room. */
function errors(room: string, text: string): readonly string[] {
  const own = join(folder, room);
  mkdirSync(own, { recursive: true });
  const { references, compilerOptions } = JSON.parse(
    readFileSync(join(root, 'src', room, 'tsconfig.json'), 'utf8'),
  ) as { references: readonly { path: string }[]; compilerOptions: object };
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: { ...compilerOptions, rootDir: root, outDir: own, typeRoots: [join(root, 'node_modules/@types')] },
    files: ['file.ts'],
    references: references.map(({ path }) => ({ path: join(root, 'src', room, path) })),
  };
  writeFileSync(join(own, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(own, 'file.ts'), text.replaceAll('SRC', join(root, 'src')));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', own, '--pretty', 'false'], { encoding: 'utf8' });
  return [...stdout.matchAll(/^[^\n]*file\.ts[^\n]*error (TS\d+)/gm)].map(([, code = '']) => code);
}

/** A file of a project that is not among the references. */
const NOT_REFERENCED = 'TS6307';

describe('the compiler', () => {
  beforeAll(() => mkdirSync(folder, { recursive: true }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['core', 'linux/port'],
    ['linux', 'agent/clock'],
    ['agent', 'aws/port'],
    ['aws', 'linux/port'],
    ['controller', 'linux/port'],
    ['kube', 'agent/clock'],
  ])('refuses that %s imports %s', (room, what) => {
    expect(errors(room, `import * as other from 'SRC/${what}.ts';\nconsole.log(other);\n`)).toContain(NOT_REFERENCED);
  });

  it('lets a room import what its references name', () => {
    expect(errors('agent', `import * as other from 'SRC/linux/port.ts';\nexport const x = other;\n`)).not.toContain(
      NOT_REFERENCED,
    );
  });

  it.each([`import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n`, `export const x = process;\n`])(
    'refuses Node in core: %s',
    (text) => {
      expect(errors('core', text)).not.toEqual([]);
      expect(errors('cni', text)).toEqual([]);
    },
  );
});
