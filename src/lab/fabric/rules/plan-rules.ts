/**
 * The security groups of a world as changes of the table: pure. A change of one rule is one short text, of one member
 * one element; a whole world is the change from an empty one.
 */
import type { ElementChange } from '../../../linux/port.ts';
import { type Delta, delta } from '../delta.ts';
import { TABLE } from '../names.ts';
import type { FabricWorld } from '../port.ts';
import { changeOf, emptyWorld, type WorldChange } from '../world-change.ts';
import { baseTable } from './base-table.ts';
import { change, type Element, elementText, interfaceElements, localElements } from './elements.ts';
import { planGroups } from './plan-groups.ts';
import { planLists } from './plan-lists.ts';
import { planUnions } from './plan-unions.ts';
import { planWays } from './plan-ways.ts';

/** Three transactions, in this order; a small change needs but one of them. */
export interface RulesPlan {
  /** nft text: sets and chains that elements will refer to. */
  readonly prepare: string;
  readonly elements: readonly ElementChange[];
  /** nft text: rules that refer to what has members by now, and the end of what nothing refers to any more. */
  readonly settle: string;
}

export function planRules(world: WorldChange): RulesPlan {
  const { gone, come } = elementDelta(world);
  return {
    ...planText(world),
    // Removals first: a link may come again with another verdict. It is one transaction, so nothing shows between.
    elements: [...gone.map((one) => change('remove', one)), ...come.map((one) => change('add', one))],
  };
}

/** The whole table of a world as one transaction: it takes the place of any other without a gap. */
export function renderTable(world: FabricWorld): string {
  const whole = changeOf(emptyWorld, world);
  const { prepare, settle } = planText(whole);
  const bySet = Map.groupBy(elementDelta(whole).come, ({ set }) => set);
  const elements = [...bySet].map(
    ([set, own]) => `add element inet ${TABLE} ${set} { ${own.map(elementText).join(', ')} }`,
  );
  return baseTable + prepare + text(elements) + settle;
}

function planText(world: WorldChange): Pick<RulesPlan, 'prepare' | 'settle'> {
  const groups = planGroups(world);
  const lists = planLists(world);
  const unions = planUnions(world);
  const ways = planWays(world);
  return {
    prepare: text([...lists.prepare, ...groups.prepare, ...unions.prepare, ...ways.prepare]),
    settle: text([
      ...[lists, groups, unions, ways].flatMap(({ settle }) => settle),
      // What refers to others goes before them.
      ...[ways, unions, groups, lists].flatMap(({ remove }) => remove),
    ]),
  };
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

function elementDelta({ before, after, interfaces }: WorldChange): Delta<Element> {
  const old = [...interfaces.gone.flatMap(interfaceElements), ...localElements(before)];
  const fresh = [...interfaces.come.flatMap(interfaceElements), ...localElements(after)];
  return delta(old, fresh, (element) => `${element.set} ${elementText(element)}`);
}
