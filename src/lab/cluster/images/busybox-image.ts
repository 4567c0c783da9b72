/** `busybox`, out of Debian's static build: a shell and tools for sample workloads. */
import { execFileSync } from 'node:child_process';

import type { Image } from './docker-archive.ts';
import { copied, folder, link, text } from './entries.ts';

export const BUSYBOX_IMAGE = 'docker.io/library/busybox:1.35';
/** From the Debian package busybox-static. */
export const BUSYBOX = '/bin/busybox';

export function busyboxImage(): Image {
  const applets = execFileSync(BUSYBOX, ['--list-full'], { encoding: 'utf8' }).trim().split('\n');
  const paths = applets.filter((path) => path !== 'bin/busybox').toSorted();
  return {
    name: BUSYBOX_IMAGE,
    layers: [
      [
        ...['bin', 'etc', 'root', 'sbin', 'usr', 'usr/bin', 'usr/sbin', 'var'].map((path) => folder(path)),
        folder('tmp', 0o1777),
        text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n'),
        text('etc/group', 'root:x:0:\nnobody:x:65534:\n'),
        copied('bin/busybox', BUSYBOX),
        ...paths.map((path) => link(path, '/bin/busybox')),
      ],
    ],
    config: { command: ['sh'], path: '/usr/sbin:/usr/bin:/sbin:/bin' },
  };
}
