/** Chains and member sets of security groups, and the chains that unite the groups of an interface. Pure. */
import { sortedGroups } from '../../../core/groups/set-key.ts';
import type { SecurityGroup } from '../../../core/vpc/model.ts';
import { normaliseRule } from '../../../core/vpc/rule.ts';
import { delta, isEmpty, same } from '../delta.ts';
import { groupChain, memberSet, TABLE, unionChain } from '../names.ts';
import type { FabricWorld } from '../port.ts';
import type { WorldChange } from '../world-change.ts';
import { type Known, ruleText } from './rule-text.ts';

/** Lines of nft, by when they may be said; see `plan-rules.ts`. */
export interface Lines {
  readonly prepare: readonly string[];
  readonly settle: readonly string[];
  readonly remove: readonly string[];
}

const directions = ['egress', 'ingress'] as const;

export function planGroups(change: WorldChange): Lines {
  const after = knownIn(change.after);
  const before = isStable(change) ? after : knownIn(change.before);
  const fresh = [...after.groups].filter((id) => !before.groups.has(id));
  const dead = [...before.groups].filter((id) => !after.groups.has(id));
  // What appears or disappears may be what a rule elsewhere refers to.
  const all = before !== after && !same(sortedKnown(before), sortedKnown(after));
  const old = chainsOf(all ? change.before.groups : change.groups.gone, before);
  const next = chainsOf(all ? change.after.groups : change.groups.come, after);
  const freshChains = new Set(fresh.flatMap((id) => directions.map((direction) => groupChain(direction, id))));
  const chains = [...new Set([...old.keys(), ...next.keys()])];
  return {
    prepare: [
      ...fresh.map((id) => `add set inet ${TABLE} ${memberSet(id)} { type ipv4_addr; }`),
      ...[...freshChains].flatMap((chain) => [
        `add chain inet ${TABLE} ${chain}`,
        ...rulesInto(chain, next.get(chain)),
      ]),
    ],
    settle: chains
      .filter((chain) => !freshChains.has(chain) && !same(old.get(chain) ?? [], next.get(chain) ?? []))
      .flatMap((chain) => [`flush chain inet ${TABLE} ${chain}`, ...rulesInto(chain, next.get(chain))]),
    remove: dead.flatMap((id) => [
      ...directions.map((direction) => `delete chain inet ${TABLE} ${groupChain(direction, id)}`),
      `delete set inet ${TABLE} ${memberSet(id)}`,
    ]),
  };
}

/** One chain a direction and union of groups, which interfaces share. */
export function planUnions({ before, after, interfaces }: WorldChange): Pick<Lines, 'prepare' | 'remove'> {
  if (isEmpty(interfaces)) return { prepare: [], remove: [] };
  const { gone, come } = delta(unionsOf(before), unionsOf(after), ({ key }) => key);
  const chains = directions.flatMap((direction) =>
    gone.map(({ groups }) => `chain inet ${TABLE} ${unionChain(direction, groups)}`),
  );
  return {
    prepare: directions.flatMap((direction) =>
      come.flatMap(({ groups }) => {
        const chain = unionChain(direction, groups);
        return [
          `add chain inet ${TABLE} ${chain}`,
          ...rulesInto(
            chain,
            groups.map((id) => `jump ${groupChain(direction, id)}`),
          ),
        ];
      }),
    ),
    remove: [...chains.map((chain) => `flush ${chain}`), ...chains.map((chain) => `delete ${chain}`)],
  };
}

const rulesInto = (chain: string, rules: readonly string[] = []): readonly string[] =>
  rules.map((rule) => `add rule inet ${TABLE} ${chain} ${rule}`);

/** An interface may wear a group whose rules nobody knows: it has members, and lets nothing through. */
const knownIn = ({ groups, interfaces, prefixLists }: FabricWorld): Known => {
  const ids = new Set(groups.map(({ id }) => id));
  for (const { groups: worn } of interfaces) for (const id of worn) ids.add(id);
  return { groups: ids, prefixLists: new Set(Object.keys(prefixLists)) };
};

const sortedKnown = ({ groups, prefixLists }: Known) => [[...groups].sort(), [...prefixLists].sort()];

/** Whether it is plain at a glance that there is the same to refer to in both worlds. */
const isStable = ({ before, after, interfaces, groups }: WorldChange): boolean =>
  isEmpty(interfaces) &&
  same(
    groups.gone.map(({ id }) => id),
    groups.come.map(({ id }) => id),
  ) &&
  same(Object.keys(before.prefixLists), Object.keys(after.prefixLists));

function chainsOf(groups: readonly SecurityGroup[], known: Known): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>();
  for (const { id, rules } of groups) {
    const normal = rules.map(normaliseRule);
    for (const direction of directions) {
      const lines = normal.map((rule) => (rule?.direction === direction ? ruleText(rule, known) : undefined));
      chains.set(
        groupChain(direction, id),
        lines.filter((line) => line !== undefined),
      );
    }
  }
  return chains;
}

function unionsOf({
  interfaces,
}: FabricWorld): readonly { readonly key: string; readonly groups: readonly string[] }[] {
  const unions = new Map(interfaces.map(({ groups }) => [groups.join(), groups]));
  const sorted = new Map([...unions.values()].map(sortedGroups).map((groups) => [groups.join(), groups]));
  return [...sorted].map(([key, groups]) => ({ key, groups }));
}
