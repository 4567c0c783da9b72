/**
 * A node's registry: a process that answers containerd on the node's own loopback, and works in the machine's
 * namespaces otherwise, where packages for images come from.
 *
 *   main.ts --netns PATH --listen ADDRESS:PORT --store FOLDER --kubernetes PATH
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ip } from '../../../core/address/ip.ts';
import { describeError } from '../../../core/errors/coded-error.ts';
import { openKernel } from '../../../linux/kernel.ts';
import { imageCatalogue } from '../images/catalogue.ts';
import { createRegistry } from './registry.ts';
import { runChange } from './change/run-change.ts';
import { storeContent } from './store-content.ts';
import { openStore } from './store.ts';

const text = { type: 'string', default: '' } as const;
const { values } = parseArgs({ options: { netns: text, listen: text, store: text, kubernetes: text } });
const { netns, listen, kubernetes } = values;
const [address = '', port = ''] = listen.split(':');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const store = openStore(values.store);
const recipes = imageCatalogue({ root: join(import.meta.dirname, '../../../..'), kubernetes });
const content = storeContent({
  store,
  recipes,
  async build(name) {
    say(`building ${name}`);
    await runChange(store.folder, { verb: 'build', name, kubernetes });
    say(`built ${name}`);
  },
});
const server = createRegistry({ content, onError: (error) => say(describeError(error)) });
// The first use of Node's thread pool must not happen while a namespace is entered: its threads would stay there.
await stat('/');
const kernel = openKernel();
const namespace = kernel.openNetns(netns);
server.listen({ fd: kernel.listenTcp(namespace, { address: ip(address), port: Number(port) }) }, () => {
  say(`serving on ${listen} in ${netns}`);
});
namespace.close();
