/** What images a lab has, for people: those on every node, those that it can build, those that were added. */
import { BRANCHLINE_IMAGE } from '../images/branchline-image.ts';
import { imageCatalogue } from '../images/catalogue.ts';
import { COREDNS_IMAGE, COREDNS_SUMMARY } from '../images/coredns-image.ts';
import type { ImageRecipe } from '../images/layer-recipe.ts';
import { PAUSE_IMAGE } from '../images/pause-image.ts';
import { builtImage } from './build-image.ts';
import { parseReference } from './reference.ts';
import type { ImageRecord, ImageStore } from './store.ts';

export interface ListedImage {
  /** With registry, without tag. */
  readonly name: string;
  readonly tag: 'any' | (string & {});
  /**
   * `preloaded`: on every node from the start. `built`: served at once. `buildable`: built when it is first pulled.
   * `added`: by the user.
   */
  readonly state: 'preloaded' | 'built' | 'buildable' | 'added';
  /** Bytes that a node fetches; absent: not known yet. */
  readonly size?: number;
  readonly summary: string;
}

export function listImages({
  root,
  store,
}: {
  readonly root: string;
  readonly store: ImageStore;
}): readonly ListedImage[] {
  const records = store.images();
  const recipes = imageCatalogue({ root, kubernetes: undefined });
  const coredns = records.find(({ name }) => name === COREDNS_IMAGE);
  return [
    preloaded(BRANCHLINE_IMAGE, 'Branchline’s agent and controller'),
    preloaded(PAUSE_IMAGE, 'the process that holds a pod'),
    ...recipes.map((recipe) => ofRecipe(recipe, builtImage(store, recipe))),
    ofRecipe({ name: COREDNS_IMAGE, summary: COREDNS_SUMMARY }, coredns),
    ...records.filter(({ key }) => key === undefined).map(added),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function preloaded(text: string, summary: string): ListedImage {
  const { repository, tag } = parseReference(text);
  return { name: repository, tag, state: 'preloaded', summary };
}

const ofRecipe = ({ name, summary }: Pick<ImageRecipe, 'name' | 'summary'>, record?: ImageRecord): ListedImage => ({
  name,
  tag: 'any',
  summary,
  ...(record === undefined ? { state: 'buildable' } : { state: 'built', size: record.size }),
});

function added({ name, size }: ImageRecord): ListedImage {
  const { repository, tag } = parseReference(name);
  return { name: repository, tag, state: 'added', size, summary: '' };
}
