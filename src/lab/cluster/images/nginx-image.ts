/** `nginx`: Debian's, with the folders, the entrypoint and the log files of the image that people know. */
import { contentFiles, textsOf } from './content-files.ts';
import { SYSTEM_PATH, baseLayer, packageLayer, withUser } from './debian/base-system.ts';
import { folder, link, overlay, ownedBy } from './entries.ts';
import type { ImageRecipe } from './layer-recipe.ts';
import type { TarEntry } from './tar.ts';

const user = { name: 'nginx', id: 101, home: '/nonexistent' };
const content = contentFiles('nginx');

/** Debian's own way of composing the configuration. */
const ofDebian = /^etc\/nginx\/(sites|modules|snippets|nginx\.conf|conf\.d)|^var\/www/;

const added: readonly TarEntry[] = [
  ...withUser(user),
  ...content,
  folder('docker-entrypoint.d'),
  ownedBy(user.id, folder('var/lib/nginx')),
  folder('var/log/nginx'),
  link('var/log/nginx/access.log', '/dev/stdout'),
  link('var/log/nginx/error.log', '/dev/stderr'),
];

export const nginxImage: ImageRecipe = {
  name: 'docker.io/library/nginx',
  summary: 'nginx: the welcome page on port 80',
  layers: [
    baseLayer,
    packageLayer({
      packages: ['nginx', 'gettext-base', 'curl'],
      without: ['iproute2'],
      inputs: textsOf(added),
      finish: (files) =>
        overlay(
          files.filter(({ path }) => !ofDebian.test(path)),
          added,
        ),
    }),
  ],
  config: {
    entrypoint: ['/docker-entrypoint.sh'],
    command: ['nginx', '-g', 'daemon off;'],
    path: SYSTEM_PATH,
    ports: ['80/tcp'],
    stopSignal: 'SIGQUIT',
  },
};
