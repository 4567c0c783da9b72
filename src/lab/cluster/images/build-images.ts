/**
 * The images that every node of a lab has from the start, made from files of this machine, since there may be neither a
 * network nor a container engine; all others are pulled from the lab's registry. A tar's name holds a hash of what it is
 * made of, so that an unchanged image costs nothing.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { BRANCHLINE_IMAGE, branchlineImage, pinnedNode, systemFiles } from './branchline-image.ts';
import { BUSYBOX, BUSYBOX_IMAGE, busyboxImage } from './busybox-image.ts';
import { writeDockerArchive } from './docker-archive.ts';
import type { Image } from './image.ts';
import { keepImage } from './keep-image.ts';
import { PAUSE_IMAGE, pauseImage } from './pause-image.ts';

export interface BuildImagesOptions {
  /** The clone. */
  readonly root: string;
  /** Where the tars are cached, for all labs of the user. */
  readonly cacheDir: string;
  /** The lab's own: where the tars that it is given stay, whatever becomes of the cache. */
  readonly outDir: string;
  readonly say: (text: string) => void;
}

export interface BuiltImage {
  readonly name: string;
  readonly tar: string;
}

interface Recipe {
  readonly name: string;
  /** Of the tar. */
  readonly stem: string;
  /** Files and folders that the image is made of. */
  readonly inputs: readonly string[];
  readonly make: () => Image | Promise<Image>;
}

/** Needs the Debian packages busybox-static and libnftables1 and a C compiler. */
export async function buildImages(options: BuildImagesOptions): Promise<readonly BuiltImage[]> {
  const { root, cacheDir, outDir, say } = options;
  for (const folder of [cacheDir, outDir]) mkdirSync(folder, { recursive: true });
  const built: BuiltImage[] = [];
  for (const { name, stem, inputs, make } of recipes(root)) {
    const cached = join(cacheDir, `${stem}-${hashOf(inputs)}.tar`);
    let tar = keepImage(cached, outDir);
    // More than once only where a lab of another version drops it between the two.
    while (tar === undefined) {
      say(`building image ${name}`);
      writeDockerArchive(cached, await make());
      tar = keepImage(cached, outDir);
      removeOthers(cacheDir, stem, cached);
    }
    built.push({ name, tar });
  }
  return built;
}

const recipes = (root: string): readonly Recipe[] => [
  { name: BUSYBOX_IMAGE, stem: 'busybox', inputs: [BUSYBOX, ...ours('busybox-image.ts')], make: busyboxImage },
  { name: PAUSE_IMAGE, stem: 'pause', inputs: ours('pause-image.ts', 'pause.c'), make: pauseImage },
  {
    name: BRANCHLINE_IMAGE,
    stem: 'branchline',
    inputs: [
      ...['agent', 'aws', 'cni', 'controller', 'core', 'daemon', 'kube', 'linux'].map((room) =>
        join(root, 'src', room),
      ),
      ...['scripts/build.ts', 'scripts/build-shim.ts', 'package-lock.json'].map((path) => join(root, path)),
      ...systemFiles(root),
      ...ours('branchline-image.ts'),
    ],
    async make() {
      await bundle(root);
      return branchlineImage(root);
    },
  },
];

/** Files of this folder on which an image depends. */
const ours = (...files: readonly string[]): readonly string[] =>
  ['docker-archive.ts', 'entries.ts', 'image.ts', 'tar.ts', ...files].map((file) => join(import.meta.dirname, file));

async function bundle(root: string): Promise<void> {
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'scripts/build.ts')];
  const child = spawn(pinnedNode(root), args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`npm run build failed:\n${Buffer.concat(said).toString()}`);
}

/** 12 hex digits over names and content. */
function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesUnder(path)) {
      hash.update(`${file.slice(path.length)}\0`);
      // The Node binary is what the lock says; reading it would take longer than all else together.
      const { size } = statSync(file);
      hash.update(size > 50_000_000 ? String(size) : readFileSync(file));
    }
  }
  return hash.digest('hex').slice(0, 12);
}

function filesUnder(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  const inside = readdirSync(path, { recursive: true, withFileTypes: true });
  return inside
    .filter((entry) => entry.isFile() && !/\.(test|suite)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function removeOthers(cacheDir: string, stem: string, tar: string): void {
  for (const name of readdirSync(cacheDir)) {
    const path = join(cacheDir, name);
    if (path !== tar && /^(.+)-[0-9a-f]{12}\.tar$/.exec(name)?.[1] === stem) rmSync(path, { force: true });
  }
}
