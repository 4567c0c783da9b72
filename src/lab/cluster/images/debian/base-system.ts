/** What Debian's own image holds, as far as programs and people in a container miss it: shell, tools, libraries. */
import { folder, link, overlay, text } from '../entries.ts';
import type { ImageRecipe, LayerRecipe } from '../layer-recipe.ts';
import type { TarEntry } from '../tar.ts';
import { packageContents, resolvePackages } from './apt.ts';
import { debianLayer, mergedFolders } from './debian-layer.ts';

const packages = [
  'base-files',
  'base-passwd',
  'bash',
  'coreutils',
  'dash',
  'findutils',
  'grep',
  'gzip',
  'hostname',
  'libc-bin',
  'mawk',
  'netbase',
  'procps',
  'sed',
  'tar',
  'util-linux',
];

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The lowest layer of every image that is made of Debian packages. */
export const baseLayer: LayerRecipe = {
  inputs: ['debian-base', ...packages],
  async make() {
    return overlay(debianLayer(await packageContents(await resolvePackages({ roots: packages }))), afterInstallation);
  },
};

/** What the packages' scripts would do. */
const afterInstallation: readonly TarEntry[] = [
  ...mergedFolders.map((name) => link(name, `usr/${name}`)),
  ...['dev', 'proc', 'sys'].map((path) => folder(path)),
  link('usr/bin/awk', 'mawk'),
  link('usr/bin/sh', 'dash'),
  link('var/run', '/run'),
  text('etc/passwd', users([])),
  text('etc/group', groups([])),
];

export interface SystemUser {
  readonly name: string;
  readonly id: number;
  readonly home: string;
}

/** /etc/passwd and /etc/group with a user of the image's own, whose group has the same name and number. */
export const withUser = (user: SystemUser): readonly TarEntry[] => [
  text('etc/passwd', users([user])),
  text('etc/group', groups([user])),
];

function users(own: readonly SystemUser[]): string {
  const lines = own.map(({ name, id, home }) => `${name}:x:${id}:${id}::${home}:/bin/bash`);
  const known = ['root:x:0:0:root:/root:/bin/bash', 'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin'];
  const rest = [
    'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin',
  ];
  return `${[...known, ...rest, ...lines].join('\n')}\n`;
}

function groups(own: readonly SystemUser[]): string {
  const known = ['root:x:0:', 'daemon:x:1:', 'tty:x:5:', 'www-data:x:33:', 'nogroup:x:65534:'];
  return `${[...known, ...own.map(({ name, id }) => `${name}:x:${id}:`)].join('\n')}\n`;
}

export interface PackageLayerOptions {
  readonly packages: readonly string[];
  /** Packages left out, with all that only they need. */
  readonly without?: readonly string[];
  /** Makes the packages' files what the image shall hold. */
  readonly finish: (files: readonly TarEntry[]) => readonly TarEntry[];
  /** What `finish` depends on. */
  readonly inputs: readonly string[];
}

/** Packages above the base, without what the base has. */
export function packageLayer({ packages: roots, without = [], finish, inputs }: PackageLayerOptions): LayerRecipe {
  return {
    inputs: ['debian-packages', ...packages, ...roots, ...without, ...inputs],
    async make() {
      const base = await resolvePackages({ roots: packages });
      const all = await resolvePackages({ roots, without });
      return finish(debianLayer(await packageContents(all.filter((name) => !base.includes(name)))));
    },
  };
}

/** `debian`: the base alone. */
export const debianImage: ImageRecipe = {
  name: 'docker.io/library/debian',
  summary: 'shell and tools of this machine’s Debian',
  layers: [baseLayer],
  config: { command: ['bash'], path: SYSTEM_PATH },
};
