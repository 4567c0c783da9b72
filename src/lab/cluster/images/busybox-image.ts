/** `busybox`, out of Debian's static build: a shell and tools for sample workloads. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

import { copied, folder, link, text } from './entries.ts';
import type { Image } from './image.ts';
import type { ImageRecipe } from './layer-recipe.ts';
import type { TarEntry } from './tar.ts';

/** From the Debian package busybox-static. */
export const BUSYBOX = '/bin/busybox';
const NAME = 'docker.io/library/busybox';
const config = { command: ['sh'], path: '/usr/sbin:/usr/bin:/sbin:/bin' };

/** What every node has from the start, since the sample workloads ask for it. */
export const BUSYBOX_IMAGE = `${NAME}:1.35`;

export const busyboxImage = (): Image => ({ name: BUSYBOX_IMAGE, layers: [busyboxFiles()], config });

export const busyboxRecipe = (): ImageRecipe => ({
  name: NAME,
  summary: 'busybox: a shell and small tools',
  layers: [
    {
      inputs: ['busybox', version()],
      make: () => Promise.resolve(busyboxFiles()),
    },
  ],
  config,
});

/** Of the program, as far as it can be told without reading it; it may not be installed yet. */
function version(): string {
  const found = statSync(BUSYBOX, { throwIfNoEntry: false });
  return found === undefined ? 'absent' : `${found.size} ${found.mtimeMs}`;
}

function busyboxFiles(): readonly TarEntry[] {
  const applets = execFileSync(BUSYBOX, ['--list-full'], { encoding: 'utf8' }).trim().split('\n');
  const paths = applets.filter((path) => path !== 'bin/busybox').toSorted();
  return [
    ...['bin', 'etc', 'root', 'sbin', 'usr', 'usr/bin', 'usr/sbin', 'var'].map((path) => folder(path)),
    folder('tmp', 0o1777),
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n'),
    text('etc/group', 'root:x:0:\nnobody:x:65534:\n'),
    copied('bin/busybox', BUSYBOX),
    ...paths.map((path) => link(path, '/bin/busybox')),
  ];
}
