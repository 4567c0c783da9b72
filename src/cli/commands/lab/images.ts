/** `branchline lab images`: what a lab's nodes can pull, and how more is added; with a lab running or without one. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { Command } from 'commander';

import { CodedError } from '../../../core/errors/coded-error.ts';
import { imageCatalogue } from '../../../lab/cluster/images/catalogue.ts';
import { type ListedImage, listImages } from '../../../lab/cluster/registry/list-images.ts';
import { formatReference, parseReference } from '../../../lab/cluster/registry/reference.ts';
import { storeFolder } from '../../../lab/cluster/registry/registry-command.ts';
import { runChange } from '../../../lab/cluster/registry/change/run-change.ts';
import { type ImageRecord, openStore } from '../../../lab/cluster/registry/store.ts';
import type { Output } from '../../output.ts';
import { renderTable } from '../../table.ts';
import { type VerbOptions, oneOf, printData } from './common.ts';

const root = join(import.meta.dirname, '../../../..');

type ImagesOptions = Pick<VerbOptions, 'output'>;

export function imagesCommand(output: Output): Command {
  return imagesVerb('images', 'list what the lab’s nodes can pull, with its size and whether it is built')
    .enablePositionalOptions()
    .action((options: ImagesOptions) => {
      const images = listImages({ root, store: openStore(ourStore()) });
      printData(images, { ...options, name: '', text: renderImages, to: output });
    })
    .addCommand(
      imagesVerb('add', 'take images out of an archive, or build one of the list in advance')
        .argument(
          '<archive-or-name>',
          'what `docker save` or `podman save` wrote, or a name of the list, such as nginx',
        )
        .option('--image <name>', 'what to call an archive’s one image, for example team/app:1.2')
        .action(async (what: string, options: ImagesOptions & { readonly image?: string }) => {
          const records = await runChange(ourStore(), additionOf(what, options.image));
          printData(records, { ...options, name: '', text: renderAdded, to: output });
        }),
    )
    .addCommand(
      imagesVerb('remove', 'forget an image that was added, or have one built anew when it is next pulled')
        .argument('<name>', 'with the tag that the list shows; without one for `any`')
        .action(async (text: string, options: ImagesOptions) => {
          const name = storedName(text);
          await runChange(ourStore(), { verb: 'remove', name });
          printData({ removed: name }, { ...options, name: '', text: () => `${name} is removed`, to: output });
        }),
    );
}

const imagesVerb = (usage: string, description: string): Command =>
  new Command(usage)
    .description(description)
    .option('--output <format>', 'text or json', oneOf('text', 'json'), 'text')
    .showHelpAfterError();

/** Of root, as the lab is. */
function ourStore(): string {
  if (process.getuid?.() !== 0) throw new CodedError('lab-needs-root', { detail: 'its images are root’s' });
  return storeFolder(process.env);
}

function additionOf(what: string, image: string | undefined): Parameters<typeof runChange>[1] {
  if (existsSync(what)) return { verb: 'add', archive: resolve(what), ...(image === undefined ? {} : { name: image }) };
  const { repository } = named(what);
  const recipe = imageCatalogue({ root, kubernetes: undefined }).find(({ name }) => name === repository);
  if (recipe === undefined) {
    throw new CodedError('lab-image', { detail: `"${what}" is neither a file nor an image that can be built` });
  }
  return { verb: 'build', name: recipe.name };
}

/** By which the store knows it: what was added has a tag. */
function storedName(text: string): string {
  const reference = named(text);
  const names = [formatReference(reference), reference.repository];
  const store = openStore(ourStore());
  const found = names.find((name) => store.image(name) !== undefined);
  if (found === undefined) throw new CodedError('lab-image', { detail: `there is no image "${text}"` });
  return found;
}

function named(text: string): ReturnType<typeof parseReference> {
  try {
    return parseReference(text);
  } catch (cause) {
    throw new CodedError('lab-image', { detail: cause instanceof Error ? cause.message : text, cause });
  }
}

const states: Readonly<Record<ListedImage['state'], string>> = {
  preloaded: 'on every node',
  built: 'built',
  buildable: 'built when first pulled',
  added: 'added',
};

const renderImages = (images: readonly ListedImage[]): string =>
  renderTable(
    ['IMAGE', 'TAG', 'STATE', 'SIZE', 'WHAT IT IS'],
    images.map(({ name, tag, state, size, summary }) => [name, tag, states[state], megabytes(size), summary]),
  );

const renderAdded = (records: readonly ImageRecord[]): string =>
  records
    .map(({ name, size }) => `${name} is there (${megabytes(size)}); nodes find it when they next pull`)
    .join('\n');

const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
