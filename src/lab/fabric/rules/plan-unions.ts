/** The chains that unite the groups of an interface: one a direction and union, which interfaces share. Pure. */
import { sortedGroups } from '../../../core/groups/set-key.ts';
import type { SecurityGroup } from '../../../core/vpc/model.ts';
import { type Delta, delta, isEmpty, same } from '../delta.ts';
import { groupChain, TABLE, unionChain } from '../names.ts';
import type { FabricWorld } from '../port.ts';
import type { WorldChange } from '../world-change.ts';
import { directions, type Lines, normalRules, rulesInto } from './plan-groups.ts';
import { untrackedTexts } from './untracked.ts';

type Direction = (typeof directions)[number];
type Union = readonly string[];

export function planUnions({ before, after, interfaces, groups }: WorldChange): Lines {
  if (isEmpty(interfaces) && isEmpty(groups)) return { prepare: [], settle: [], remove: [] };
  const { gone, come }: Delta<Union> = isEmpty(interfaces)
    ? { gone: [], come: [] }
    : delta(unionsOf(before.interfaces), unionsOf(after.interfaces), String);
  const fresh = new Set(come.map(String));
  const changed = new Set([...groups.gone, ...groups.come].map(({ id }) => id));
  const old = byId(before);
  const known = byId(after);
  const wearing = after.interfaces.filter((one) => one.groups.some((id) => changed.has(id)));
  const touched = unionsOf(wearing).filter((union) => !fresh.has(String(union)));
  const dead = both(gone).map(({ direction, union }) => `chain inet ${TABLE} ${unionChain(direction, union)}`);
  return {
    prepare: both(come).flatMap(({ direction, union }) => {
      const chain = unionChain(direction, union);
      return [`add chain inet ${TABLE} ${chain}`, ...rulesInto(chain, content(direction, union, known))];
    }),
    settle: both(touched).flatMap(({ direction, union }) => {
      const rules = content(direction, union, known);
      if (same(rules, content(direction, union, old))) return [];
      const chain = unionChain(direction, union);
      return [`flush chain inet ${TABLE} ${chain}`, ...rulesInto(chain, rules)];
    }),
    remove: [...dead.map((chain) => `flush ${chain}`), ...dead.map((chain) => `delete ${chain}`)],
  };
}

const both = (unions: readonly Union[]): readonly { readonly direction: Direction; readonly union: Union }[] =>
  directions.flatMap((direction) => unions.map((union) => ({ direction, union })));

type Groups = ReadonlyMap<string, SecurityGroup>;
const byId = ({ groups }: FabricWorld): Groups => new Map(groups.map((group) => [group.id, group]));

const content = (direction: Direction, union: Union, groups: Groups): readonly string[] => [
  ...untrackedTexts(
    direction,
    union.flatMap((id) => {
      const group = groups.get(id);
      return group === undefined ? [] : normalRules(group);
    }),
  ),
  ...union.map((id) => `jump ${groupChain(direction, id)}`),
];

/** Each sorted. */
function unionsOf(interfaces: FabricWorld['interfaces']): readonly Union[] {
  const unions = new Map(interfaces.map(({ groups }) => [groups.join(), groups]));
  return [...new Map([...unions.values()].map(sortedGroups).map((groups) => [groups.join(), groups])).values()];
}
