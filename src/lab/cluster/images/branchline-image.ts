/** The image of both daemons, with what `deploy/Dockerfile` puts into it, at the same paths. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Image } from './image.ts';
import { copied, copiedTree, findLibrary, folder, libraryClosure, link, text } from './entries.ts';
import type { TarEntry } from './tar.ts';

export const BRANCHLINE_IMAGE = 'docker.io/branchline/branchline:0.1.0';

/** The Node that runs everything here, an npm package. */
export const pinnedNode = (root: string): string => join(root, `node_modules/node-linux-${process.arch}/bin/node`);
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Needs what `npm run build` makes. */
export function branchlineImage(root: string): Image {
  return {
    name: BRANCHLINE_IMAGE,
    layers: [systemLayer(root), programLayer(root)],
    config: { command: ['node'], path: '/usr/local/bin:/usr/bin:/bin' },
  };
}

/** What a release gets from its base image, as paths of this machine: libnftables, and what it and Node load. */
function libraries(root: string): readonly string[] {
  const libnftables = findLibrary('libnftables.so.1');
  return [libnftables, ...libraryClosure([pinnedNode(root), libnftables])];
}

/** All that the image takes from outside the clone. */
export const systemFiles = (root: string): readonly string[] => [
  pinnedNode(root),
  ...libraries(root),
  ...(existsSync(CERTIFICATES) ? [CERTIFICATES] : []),
];

function systemLayer(root: string): readonly TarEntry[] {
  // As on Debian, where /lib is a link into /usr: a library has one place, whichever name asks for it.
  const places = [
    ...libraries(root).map((source) => ({ source, path: source.replace(/^\/(usr\/)?/, 'usr/') })),
    ...(existsSync(CERTIFICATES) ? [{ source: CERTIFICATES, path: CERTIFICATES.slice(1) }] : []),
    { source: pinnedNode(root), path: 'usr/local/bin/node' },
  ];
  return [
    ...parents(places.map(({ path }) => path)).map((path) => folder(path)),
    ...['opt', 'proc', 'root', 'run', 'run/netns', 'sys', 'usr/bin', 'var'].map((path) => folder(path)),
    folder('tmp', 0o1777),
    link('bin', 'usr/bin'),
    link('lib', 'usr/lib'),
    link('lib64', 'usr/lib64'),
    link('var/run', '/run'),
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/false\n'),
    text('etc/group', 'root:x:0:\n'),
    ...places.map(({ path, source }) => copied(path, source)),
  ];
}

const programLayer = (root: string): readonly TarEntry[] => [
  folder('opt/branchline'),
  folder('opt/branchline/bin'),
  folder('opt/branchline/node_modules'),
  ...copiedTree('opt/branchline/node_modules/koffi', join(root, 'node_modules/koffi'), ['doc', 'vendor']),
  ...copiedTree('opt/branchline/node_modules/@koromix', join(root, 'node_modules/@koromix')),
  ...['agent.mjs', 'controller.mjs'].map((name) => copied(`opt/branchline/${name}`, join(root, '.build/bundle', name))),
  copied('opt/branchline/bin/branchline-cni', join(root, '.build/bin/branchline-cni')),
  link('opt/branchline/bin/node', '/usr/local/bin/node'),
];

/** Every folder on the way to the paths, outermost first. */
const parents = (paths: readonly string[]): readonly string[] =>
  [
    ...new Set(
      paths.flatMap((path) => {
        const parts = path.split('/');
        return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'));
      }),
    ),
  ].toSorted();
