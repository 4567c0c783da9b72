/**
 * Changes a store, as a process of its own: one at a time, and gone with whoever asked for it. Works in the namespaces
 * that it is started in, since packages come from the network.
 *
 *   main.ts STORE build  NAME [KUBERNETES]
 *   main.ts STORE add    ARCHIVE [NAME]
 *   main.ts STORE remove NAME
 */
import { join } from 'node:path';

import { describeError } from '../../../../core/errors/coded-error.ts';
import { imageCatalogue } from '../../images/catalogue.ts';
import { buildImage } from '../build-image.ts';
import { importArchive } from '../import-archive.ts';
import { type ImageRecord, openStore } from '../store.ts';

const [folder = '', verb = '', what = '', more] = process.argv.slice(2);
const root = join(import.meta.dirname, '../../../../..');

async function change(): Promise<readonly ImageRecord[]> {
  const store = openStore(folder);
  switch (verb) {
    case 'build': {
      const recipe = imageCatalogue({ root, kubernetes: more }).find(({ name }) => name === what);
      if (recipe === undefined) throw new Error(`there is no recipe for the image ${what}`);
      const record = await buildImage(store, recipe);
      store.prune();
      return [record];
    }
    case 'add': {
      const records = await importArchive(store, { archive: what, ...(more === undefined ? {} : { name: more }) });
      store.prune();
      return records;
    }
    case 'remove':
      store.forgetImage(what);
      store.prune();
      return [];
    default:
      throw new Error(`"${verb}" is not one of: build, add, remove`);
  }
}

try {
  process.stdout.write(`${JSON.stringify(await change())}\n`);
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
