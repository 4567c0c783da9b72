/** `redis`: Debian's, with the entrypoint of the image that people know. */
import { contentFiles, textsOf } from './content-files.ts';
import { SYSTEM_PATH, baseLayer, packageLayer, withUser } from './debian/base-system.ts';
import { folder, overlay, ownedBy } from './entries.ts';
import type { ImageRecipe } from './layer-recipe.ts';
import type { TarEntry } from './tar.ts';

const user = { name: 'redis', id: 999, home: '/data' };
const added: readonly TarEntry[] = [...withUser(user), ...contentFiles('redis'), ownedBy(user.id, folder('data'))];

export const redisImage: ImageRecipe = {
  name: 'docker.io/library/redis',
  summary: 'redis-server on port 6379, redis-cli',
  layers: [
    baseLayer,
    packageLayer({
      packages: ['redis-server'],
      inputs: textsOf(added),
      finish: (files) => overlay(files, added),
    }),
  ],
  config: {
    entrypoint: ['/docker-entrypoint.sh'],
    command: ['redis-server'],
    path: SYSTEM_PATH,
    ports: ['6379/tcp'],
    workingDir: '/data',
    volumes: ['/data'],
  },
};
