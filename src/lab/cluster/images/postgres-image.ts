/** `postgres`: Debian's, with the entrypoint and the variables of the image that people know. */
import { contentFiles, textsOf } from './content-files.ts';
import { SYSTEM_PATH, baseLayer, packageLayer, withUser } from './debian/base-system.ts';
import { folder, link, overlay, ownedBy } from './entries.ts';
import type { ImageRecipe } from './layer-recipe.ts';
import type { TarEntry } from './tar.ts';

const user = { name: 'postgres', id: 999, home: '/var/lib/postgresql' };
const DATA = '/var/lib/postgresql/data';

const added: readonly TarEntry[] = [
  ...withUser(user),
  ...contentFiles('postgres'),
  folder('docker-entrypoint-initdb.d'),
  ownedBy(user.id, folder('run/postgresql', 0o3777)),
  ownedBy(user.id, folder('var/lib/postgresql', 0o1777)),
  ownedBy(user.id, folder(DATA.slice(1), 0o700)),
];

export const postgresImage: ImageRecipe = {
  name: 'docker.io/library/postgres',
  summary: 'PostgreSQL on port 5432, psql; wants POSTGRES_PASSWORD',
  layers: [
    baseLayer,
    packageLayer({
      packages: ['postgresql'],
      // The just-in-time compiler is 100 MB, and Debian's wrappers are for several versions beside each other.
      without: [
        'libllvm14',
        'libllvm16',
        'libllvm17',
        'libllvm19',
        'postgresql-common',
        'postgresql-client-common',
        'ssl-cert',
      ],
      inputs: textsOf(added),
      finish: (files) =>
        overlay(files.filter(({ path }) => !/\/llvmjit/.test(path)).map(listening), [...added, ...programs(files)]),
    }),
  ],
  config: {
    entrypoint: ['/docker-entrypoint.sh'],
    command: ['postgres'],
    path: SYSTEM_PATH,
    env: { LANG: 'C.UTF-8', PGDATA: DATA },
    ports: ['5432/tcp'],
    volumes: [DATA],
    stopSignal: 'SIGINT',
  },
};

/** Debian keeps each version's programs in a folder of its own. */
const programs = (files: readonly TarEntry[]): readonly TarEntry[] =>
  files.flatMap(({ path }) => {
    const name = /^usr\/lib\/postgresql\/\d+\/bin\/(\w+)$/.exec(path)?.[1];
    return name === undefined ? [] : [link(`usr/bin/${name}`, `/${path}`)];
  });

/** New databases are for the network, as in the image that people know. */
function listening(entry: TarEntry): TarEntry {
  if (entry.kind !== 'file' || !entry.path.endsWith('/postgresql.conf.sample')) return entry;
  const text = Buffer.concat(entry.content).toString('utf8');
  return { ...entry, content: [Buffer.from(text.replace(/^#?listen_addresses = '[^']*'/m, "listen_addresses = '*'"))] };
}
