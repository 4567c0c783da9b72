/** Prefix lists as interval sets. Pure. */
import { formatPrefix, type Prefix4 } from '../../../core/address/prefix.ts';
import { delta } from '../delta.ts';
import { prefixListSet, TABLE } from '../names.ts';
import type { FabricWorld } from '../port.ts';
import type { WorldChange } from '../world-change.ts';
import type { Lines } from './plan-groups.ts';

export function planLists({ before, after }: Pick<WorldChange, 'before' | 'after'>): Lines {
  const { gone, come } = delta(entries(before), entries(after), ({ id }) => id);
  const old = new Set(gone.map(({ id }) => id));
  const lasting = new Set(come.map(({ id }) => id));
  const name = (id: string): string => `set inet ${TABLE} ${prefixListSet(id)}`;
  return {
    prepare: come
      .filter(({ id }) => !old.has(id))
      .flatMap(({ id, prefixes }) => [
        // Entries may overlap.
        `add ${name(id)} { type ipv4_addr; flags interval; auto-merge; }`,
        ...content(id, prefixes),
      ]),
    settle: come
      .filter(({ id }) => old.has(id))
      .flatMap(({ id, prefixes }) => [`flush ${name(id)}`, ...content(id, prefixes)]),
    remove: gone.filter(({ id }) => !lasting.has(id)).map(({ id }) => `delete ${name(id)}`),
  };
}

const entries = ({ prefixLists }: FabricWorld) =>
  Object.entries(prefixLists).map(([id, prefixes]) => ({ id, prefixes }));

const content = (id: string, prefixes: readonly Prefix4[]): readonly string[] =>
  prefixes.length === 0
    ? []
    : [`add element inet ${TABLE} ${prefixListSet(id)} { ${prefixes.map(formatPrefix).join(', ')} }`];
