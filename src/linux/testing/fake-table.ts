/** One nftables table of the fake kernel: sets with their elements, chains with their rules as text. */
import { constants } from 'node:os';

import { formatIp, isIpv4 } from '../../core/address/ip.ts';
import { formatPrefix } from '../../core/address/prefix.ts';
import { KernelError } from '../errors.ts';
import type { ChainChange, ElementChange, KeyPart, RangePart, SetChange, Verdict } from '../port.ts';

export interface FakeSet {
  readonly kind: 'set' | 'map';
  /** As in `type ifname . ipv4_addr`. */
  readonly type: readonly string[];
  readonly flags: string;
  /** From the key to the verdict, empty in sets; both as nft writes them. */
  readonly elements: ReadonlyMap<string, string>;
}
export interface FakeTable {
  readonly sets: ReadonlyMap<string, FakeSet>;
  readonly chains: ReadonlyMap<string, readonly string[]>;
}
export const emptyTable: FakeTable = { sets: new Map(), chains: new Map() };

const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'ipv6-icmp' };
const typeOf = (part: KeyPart | RangePart): string => {
  if (part.type === 'prefix') return isIpv4(part.value.base) ? types.ipv4 : types.ipv6;
  return types[part.type];
};
const types: Readonly<Record<Exclude<(KeyPart | RangePart)['type'], 'prefix'>, string>> = {
  ipv4: 'ipv4_addr',
  ipv6: 'ipv6_addr',
  ifname: 'ifname',
  mac: 'ether_addr',
  protocol: 'inet_proto',
  port: 'inet_service',
  ports: 'inet_service',
};

const partText = (part: KeyPart | RangePart): string => {
  if (part.type === 'prefix') return formatPrefix(part.value).replace(/(?<=\.\d+)\/32$|\/128$/, '');
  if (part.type === 'ports') return part.from === part.to ? String(part.from) : `${part.from}-${part.to}`;
  if (part.type === 'ipv4' || part.type === 'ipv6') return formatIp(part.value);
  if (part.type === 'protocol') return protocols[part.value] ?? String(part.value);
  return part.type === 'ifname' ? `"${part.value}"` : String(part.value);
};
export const keyText = (key: readonly (KeyPart | RangePart)[]): string => key.map(partText).join(' . ');
const verdictText = (verdict: Verdict | undefined): string => {
  if (verdict === undefined || typeof verdict === 'string') return verdict ?? '';
  return 'jump' in verdict ? `jump ${verdict.jump}` : `goto ${verdict.goto}`;
};

/** All or none. */
export function changeElements(
  tables: ReadonlyMap<string, FakeTable>,
  changes: readonly SetChange[],
): ReadonlyMap<string, FakeTable> {
  const result = new Map(tables);
  /** Copies, each made once. */
  const fresh = new Map<string, Map<string, string>>();
  for (const change of changes) {
    const table = result.get(change.table);
    if ('chain' in change) {
      result.set(change.table, changeChain(table, change));
      continue;
    }
    const set = table?.sets.get(change.set);
    if (table === undefined || set === undefined) throw refusal(change, constants.errno.ENOENT);
    const id = `${change.table} ${change.set}`;
    const elements = fresh.get(id) ?? new Map(set.elements);
    if (!fresh.has(id)) {
      fresh.set(id, elements);
      result.set(change.table, { ...table, sets: new Map(table.sets).set(change.set, { ...set, elements }) });
    }
    changeElement(set, elements, change);
    const { verdict } = change.op === 'add' ? change : {};
    const chain = typeof verdict === 'object' ? ('jump' in verdict ? verdict.jump : verdict.goto) : undefined;
    if (chain !== undefined && !table.chains.has(chain)) throw refusal(change, constants.errno.ENOENT);
  }
  return result;
}

function changeChain(table: FakeTable | undefined, change: ChainChange): FakeTable {
  const { op, chain } = change;
  const refuse = (errno: number): KernelError =>
    new KernelError({ errno, operation: op, object: `${change.table} ${chain}` });
  if (table === undefined) throw refuse(constants.errno.ENOENT);
  const chains = new Map(table.chains);
  if (op === 'add-chain') chains.set(chain, chains.get(chain) ?? []);
  else chains.delete(chain);
  const changed = { ...table, chains };
  if (danglingName(changed) === chain) throw refuse(constants.errno.EBUSY);
  return changed;
}

const refusal = (change: ElementChange, errno: number, text = ''): KernelError =>
  new KernelError({ errno, operation: `${change.op}-element`, object: `${change.table} ${change.set}`, text });

function changeElement(set: FakeSet, elements: Map<string, string>, change: ElementChange): void {
  const { EINVAL, EEXIST } = constants.errno;
  if (set.type.join() !== change.key.map(typeOf).join()) {
    throw refusal(change, EINVAL, `the key is not ${set.type.join(' . ')}`);
  }
  if (change.key.some(isRange) !== set.flags.includes('interval'))
    throw refusal(change, EINVAL, 'ranges are for interval sets');
  const key = keyText(change.key);
  if (change.op === 'remove') {
    elements.delete(key);
    return;
  }
  if ((set.kind === 'map') !== (change.verdict !== undefined))
    throw refusal(change, EINVAL, 'verdict and set do not fit');
  const verdict = verdictText(change.verdict);
  if ((elements.get(key) ?? verdict) !== verdict) throw refusal(change, EEXIST);
  elements.set(key, verdict);
}

const isRange = ({ type }: KeyPart | RangePart): boolean => type === 'prefix' || type === 'ports';

/** The first name that is used and not there. */
export function danglingName(table: FakeTable): string | undefined {
  const verdicts = [...table.sets.values()].flatMap(({ elements }) => [...elements.values()]);
  const rules = [...table.chains.values()].flat();
  const chains = [...verdicts, ...rules].flatMap((text) => [...text.matchAll(/\b(?:jump|goto) (\w+)/g)]);
  const sets = rules.flatMap((text) => [...text.matchAll(/@(\w+)/g)]);
  const dangling =
    chains.find(([, name = '']) => !table.chains.has(name)) ?? sets.find(([, name = '']) => !table.sets.has(name));
  return dangling?.[1];
}

const elementTexts = ({ elements }: FakeSet): readonly string[] =>
  [...elements].map(([key, verdict]) => (verdict === '' ? key : `${key} : ${verdict}`)).sort();

export const printTable = (name: string, { sets, chains }: FakeTable): readonly string[] => [
  ...[...sets].flatMap(([set, own]) => [
    `nft ${name} ${own.kind} ${set} ${own.type.join(' . ')}`,
    ...elementTexts(own).map((element) => `nft ${name} ${own.kind} ${set} element ${element}`),
  ]),
  // Numbered, since the order of rules counts.
  ...[...chains].flatMap(([chain, rules]) => [
    `nft ${name} chain ${chain}`,
    ...rules.map((rule, at) => `nft ${name} chain ${chain} ${String(at).padStart(4, '0')} ${rule}`),
  ]),
];

/** Much as `nft list` writes them. */
export const listSet = (name: string, set: FakeSet): string => {
  const elements = elementTexts(set);
  const list = elements.length === 0 ? '' : `elements = { ${elements.join(', ')} }\n`;
  const flags = set.flags === '' ? '' : `flags ${set.flags}\n`;
  return `${set.kind} ${name} {\ntype ${set.type.join(' . ')}${set.kind === 'map' ? ' : verdict' : ''}\n${flags}${list}}\n`;
};
export const listChain = (name: string, rules: readonly string[]): string =>
  `chain ${name} {\n${rules.map((rule) => `${rule}\n`).join('')}}\n`;
