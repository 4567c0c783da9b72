/** Prefix lists as interval sets, one an address family. Pure. */
import { formatPrefix, type Prefix } from '../../../core/address/prefix.ts';
import { delta } from '../delta.ts';
import { prefixListSet, TABLE, type Version, versionOf } from '../names.ts';
import type { FabricWorld } from '../port.ts';
import type { WorldChange } from '../world-change.ts';
import type { Lines } from './plan-groups.ts';

interface ListSet {
  readonly set: string;
  readonly version: Version;
  readonly prefixes: readonly Prefix[];
}

export function planLists({ before, after }: Pick<WorldChange, 'before' | 'after'>): Lines {
  const { gone, come } = delta(listSets(before), listSets(after), ({ set }) => set);
  const old = new Set(gone.map(({ set }) => set));
  const lasting = new Set(come.map(({ set }) => set));
  const name = (set: string): string => `set inet ${TABLE} ${set}`;
  return {
    prepare: come
      .filter(({ set }) => !old.has(set))
      .flatMap((one) => [
        // Entries may overlap.
        `add ${name(one.set)} { type ipv${one.version}_addr; flags interval; auto-merge; }`,
        ...content(one),
      ]),
    settle: come.filter(({ set }) => old.has(set)).flatMap((one) => [`flush ${name(one.set)}`, ...content(one)]),
    remove: gone.filter(({ set }) => !lasting.has(set)).map(({ set }) => `delete ${name(set)}`),
  };
}

/** A list is of one family, as EC2 has it; an empty one is taken as of IPv4. */
export const listSets = ({ prefixLists }: FabricWorld): readonly ListSet[] =>
  Object.entries(prefixLists).map(([id, prefixes]) => {
    const version = prefixes[0] === undefined ? 4 : versionOf(prefixes[0]);
    return { set: prefixListSet(id, version), version, prefixes };
  });

const content = ({ set, prefixes }: ListSet): readonly string[] =>
  prefixes.length === 0 ? [] : [`add element inet ${TABLE} ${set} { ${prefixes.map(formatPrefix).join(', ')} }`];
