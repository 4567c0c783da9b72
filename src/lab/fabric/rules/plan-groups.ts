/** Chains and member sets of security groups. Pure. */
import type { SecurityGroup } from '../../../core/vpc/model.ts';
import { type NormalRule, normaliseRule } from '../../../core/vpc/rule.ts';
import { isEmpty, same } from '../delta.ts';
import { groupChain, memberSet, TABLE, type Version } from '../names.ts';
import type { FabricWorld } from '../port.ts';
import type { WorldChange } from '../world-change.ts';
import { listSets } from './plan-lists.ts';
import { type Known, ruleTexts } from './rule-text.ts';

/** Lines of nft, by when they may be said; see `plan-rules.ts`. */
export interface Lines {
  readonly prepare: readonly string[];
  readonly settle: readonly string[];
  readonly remove: readonly string[];
}

export const directions = ['egress', 'ingress'] as const;

export function planGroups(change: WorldChange): Lines {
  const before = knownIn(change.before);
  const after = isStable(change) ? before : knownIn(change.after);
  remembered.set(change.after, after);
  const groups = { fresh: less(after.groups, before.groups), dead: less(before.groups, after.groups) };
  // What appears or disappears may be what a rule elsewhere refers to.
  const all = before !== after && !same([...before.sets].sort(), [...after.sets].sort());
  const old = chainsOf(all ? change.before.groups : change.groups.gone, before);
  const next = chainsOf(all ? change.after.groups : change.groups.come, after);
  const freshChains = new Set(groups.fresh.flatMap((id) => directions.map((direction) => groupChain(direction, id))));
  const chains = [...new Set([...old.keys(), ...next.keys()])];
  return {
    prepare: [
      ...less(after.members, before.members).map(addMembers),
      ...[...freshChains].flatMap((chain) => [
        `add chain inet ${TABLE} ${chain}`,
        ...rulesInto(chain, next.get(chain)),
      ]),
    ],
    settle: chains
      .filter((chain) => !freshChains.has(chain) && !same(old.get(chain) ?? [], next.get(chain) ?? []))
      .flatMap((chain) => [`flush chain inet ${TABLE} ${chain}`, ...rulesInto(chain, next.get(chain))]),
    remove: [
      ...groups.dead.flatMap((id) =>
        directions.map((direction) => `delete chain inet ${TABLE} ${groupChain(direction, id)}`),
      ),
      ...less(before.members, after.members).map((set) => `delete set inet ${TABLE} ${set}`),
    ],
  };
}

export const rulesInto = (chain: string, rules: readonly string[] = []): readonly string[] =>
  rules.map((rule) => `add rule inet ${TABLE} ${chain} ${rule}`);

const addMembers = (set: string): string =>
  `add set inet ${TABLE} ${set} ${set.startsWith('members4') ? '{ type ipv4_addr; }' : '{ type ipv6_addr; flags interval; }'}`;

const less = (a: ReadonlySet<string>, b: ReadonlySet<string>): readonly string[] =>
  a === b ? [] : [...a].filter((one) => !b.has(one));

interface KnownGroups extends Known {
  readonly groups: ReadonlySet<string>;
  readonly members: ReadonlySet<string>;
}

/** Of the world before a change it is known since that was the world after one. */
const remembered = new WeakMap<FabricWorld, KnownGroups>();
const knownIn = (world: FabricWorld): KnownGroups => remembered.get(world) ?? findKnown(world);

/** An interface may wear a group whose rules nobody knows: it has members, and lets nothing through. */
const findKnown = (world: FabricWorld): KnownGroups => {
  const groups = new Set(world.groups.map(({ id }) => id));
  for (const { groups: worn } of world.interfaces) for (const id of worn) groups.add(id);
  const versions: readonly Version[] = world.interfaces.some(hasIpv6) ? [4, 6] : [4];
  const members = new Set([...groups].flatMap((id) => versions.map((version) => memberSet(id, version))));
  return { groups, members, sets: new Set([...members, ...listSets(world).map(({ set }) => set)]) };
};

const hasIpv6 = ({ addresses6 = [], prefixes6 = [] }: FabricWorld['interfaces'][number]): boolean =>
  addresses6.length + prefixes6.length > 0;

/** Whether it is plain at a glance that there is the same to refer to in both worlds. */
const isStable = ({ before, after, interfaces, groups }: WorldChange): boolean =>
  isEmpty(interfaces) &&
  same(
    groups.gone.map(({ id }) => id),
    groups.come.map(({ id }) => id),
  ) &&
  same(
    listSets(before).map(({ set }) => set),
    listSets(after).map(({ set }) => set),
  );

const normalised = new WeakMap<SecurityGroup, readonly NormalRule[]>();

/** What can be read of a group's rules. */
export function normalRules(group: SecurityGroup): readonly NormalRule[] {
  const known = normalised.get(group) ?? group.rules.map(normaliseRule).filter((rule) => rule !== undefined);
  normalised.set(group, known);
  return known;
}

function chainsOf(groups: readonly SecurityGroup[], known: Known): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>();
  for (const group of groups) {
    for (const direction of directions) {
      const own = normalRules(group).filter((rule) => rule.direction === direction);
      chains.set(
        groupChain(direction, group.id),
        own.flatMap((rule) => ruleTexts(rule, known)),
      );
    }
  }
  return chains;
}
