/** `branchline/tools`: what sample workloads and people need to see who may talk to whom. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { pinnedNode } from './branchline-image.ts';
import { textsOf } from './content-files.ts';
import { SYSTEM_PATH, baseLayer, packageLayer } from './debian/base-system.ts';
import { bytes, copied, folder, link, text } from './entries.ts';
import type { ImageRecipe } from './layer-recipe.ts';
import type { TarEntry } from './tar.ts';

const PROGRAMS = join(import.meta.dirname, 'tools');

export function toolsImage(root: string): ImageRecipe {
  const node = pinnedNode(root);
  const programs = programFiles();
  return {
    name: 'docker.io/branchline/tools',
    summary: 'HTTP on 8080, TCP and UDP echo on 7; probe, curl, dig, iperf3, nc, ping, ip',
    layers: [
      baseLayer,
      packageLayer({
        packages: ['bind9-dnsutils', 'curl', 'iperf3', 'iproute2', 'iputils-ping', 'libstdc++6', 'netcat-openbsd'],
        inputs: ['nc'],
        // Debian lets the administrator choose among several.
        finish: (files) => [...files, link('usr/bin/nc', 'nc.openbsd')],
      }),
      {
        inputs: ['node', readFileSync(join(node, '../../package.json'), 'utf8')],
        make: () => Promise.resolve([copied('usr/local/bin/node', node)]),
        compress: false,
      },
      { inputs: textsOf(programs), make: () => Promise.resolve(programs) },
    ],
    config: { command: ['serve'], path: SYSTEM_PATH, ports: ['8080/tcp', '7/tcp', '7/udp'] },
  };
}

function programFiles(): readonly TarEntry[] {
  const sources = readdirSync(PROGRAMS).filter((name) => !name.endsWith('.test.ts'));
  return [
    folder('opt/tools'),
    ...sources.toSorted().map((name) => text(`opt/tools/${name}`, readFileSync(join(PROGRAMS, name), 'utf8'))),
    // So that Node takes the files for what they are.
    text('opt/tools/package.json', '{ "type": "module" }\n'),
    ...['serve', 'probe'].map((name) => bytes(`usr/local/bin/${name}`, Buffer.from(starter(name)), 0o755)),
  ];
}

const starter = (name: string): string =>
  `#!/bin/sh\nexec node --disable-warning=ExperimentalWarning /opt/tools/${name}.ts "$@"\n`;
