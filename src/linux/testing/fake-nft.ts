/**
 * The part of nft's language that says what there is: tables, sets, maps, chains, elements. Rules are kept as text; of
 * them only the names of sets and chains are understood. What is not known here is refused, never ignored.
 */
import { constants } from 'node:os';

import { KernelError } from '../errors.ts';
import { danglingName, emptyTable, type FakeSet, type FakeTable, listChain, listSet } from './fake-table.ts';

type Tables = ReadonlyMap<string, FakeTable>;

const refuse = (errno: number, text: string): KernelError =>
  new KernelError({ errno, operation: 'nft', object: 'fake', text });
const unknown = (text: string): KernelError => refuse(constants.errno.EINVAL, `Error: syntax error: ${text}`);
const absent = (text: string): KernelError =>
  refuse(constants.errno.ENOENT, `Error: No such file or directory: ${text}`);

/** A statement is words and blocks; a block is statements. */
interface Statement {
  readonly words: readonly string[];
  readonly block: readonly Statement[] | undefined;
  /** All of it, blocks included, as one line. */
  readonly text: string;
}

/** Statements end with a newline, a semicolon or the end of a block of definitions. */
function parse(source: string): readonly Statement[] {
  const tokens = source.match(/"[^"]*"|[{};\n]|[^\s{};"]+/g) ?? [];
  let at = 0;
  const block = (isOuter: boolean): readonly Statement[] => {
    const statements: Statement[] = [];
    let words: string[] = [];
    let text: string[] = [];
    let inner: readonly Statement[] | undefined;
    const end = (): void => {
      if (text.length > 0) statements.push({ words, block: inner, text: text.join(' ') });
      [words, text, inner] = [[], [], undefined];
    };
    for (; at < tokens.length; at++) {
      const token = tokens[at] ?? '';
      if (token === ';' || token === '\n') end();
      else if (token === '}') {
        if (isOuter) throw unknown('unexpected }');
        end();
        return statements;
      } else if (token === '{') {
        at++;
        inner = block(false);
        text.push('{', inner.map((one) => one.text).join('; '), '}');
        if (definitions.has(words.find((word) => word !== 'add' && word !== 'create') ?? '')) end();
      } else {
        words.push(token);
        text.push(token);
      }
    }
    if (!isOuter) throw unknown('unexpected end of file');
    end();
    return statements;
  };
  return block(true);
}
const definitions = new Set(['table', 'set', 'map', 'chain', 'element']);

/** Returns the tables after all of it; nothing is changed where it throws. */
export function runFakeNft(tables: Tables, source: string): Tables {
  const result = new Map(tables);
  for (const statement of parse(source)) carryOut(result, statement);
  for (const [name, table] of result) {
    const dangling = danglingName(table);
    if (dangling !== undefined) throw absent(`${name}: ${dangling}`);
  }
  return result;
}

function carryOut(tables: Map<string, FakeTable>, { words, block, text }: Statement): void {
  const verbs = ['add', 'create', 'delete', 'flush', 'insert'];
  const [verb = 'add', kind = '', family = '', tableName = '', name = ''] = verbs.includes(words[0] ?? '')
    ? words
    : ['add', ...words];
  if (verb === 'flush' && kind === 'ruleset') return tables.clear();
  const key = family === 'inet' ? tableName : `${family} ${tableName}`;
  const table = tables.get(key);
  if (kind === 'table') {
    if (verb === 'delete') {
      if (!tables.delete(key)) throw absent(text);
    } else if (verb === 'add') tables.set(key, (block ?? []).reduce(define, table ?? emptyTable));
    else throw unknown(text);
    return undefined;
  }
  if (table === undefined) throw absent(text);
  if (kind === 'element') tables.set(key, changeText(table, { name, block, remove: verb === 'delete', text }));
  else if (kind === 'rule' && verb === 'add') {
    const rules = table.chains.get(name);
    if (rules === undefined) throw absent(text);
    const rule = text
      .split(' ')
      .slice(words[0] === 'add' ? 5 : 4)
      .join(' ');
    tables.set(key, { ...table, chains: new Map(table.chains).set(name, [...rules, rule]) });
  } else if (verb === 'add') tables.set(key, define(table, { words: [kind, name], block: block ?? [], text }));
  else tables.set(key, remove(table, { verb, kind, name, text }));
  return undefined;
}

interface Removal {
  readonly verb: string;
  readonly kind: string;
  readonly name: string;
  readonly text: string;
}
function remove(table: FakeTable, { verb, kind, name, text }: Removal): FakeTable {
  const sets = new Map(table.sets);
  const chains = new Map(table.chains);
  const set = sets.get(name);
  if (kind === 'chain' && chains.has(name)) {
    if (verb === 'delete') chains.delete(name);
    else chains.set(name, []);
  } else if ((kind === 'set' || kind === 'map') && set !== undefined) {
    if (verb === 'delete') sets.delete(name);
    else sets.set(name, { ...set, elements: new Map() });
  } else throw absent(text);
  return { sets, chains };
}

/** One definition within a table. */
function define(table: FakeTable, { words, block = [], text }: Statement): FakeTable {
  const [kind, name = ''] = words;
  if (kind === 'chain') {
    const rules = [...(table.chains.get(name) ?? []), ...block.map((rule) => rule.text)];
    return { ...table, chains: new Map(table.chains).set(name, rules) };
  }
  if (kind !== 'set' && kind !== 'map') throw unknown(text);
  const type = block.find((one) => one.words[0] === 'type')?.words.slice(1) ?? [];
  const colon = type.indexOf(':');
  const set: FakeSet = {
    kind,
    type: type.slice(0, colon < 0 ? type.length : colon).filter((word) => word !== '.'),
    flags:
      block
        .find((one) => one.words[0] === 'flags')
        ?.words.slice(1)
        .join(' ') ?? '',
    elements: table.sets.get(name)?.elements ?? new Map(),
  };
  const made = { ...table, sets: new Map(table.sets).set(name, set) };
  const elements = block.find((one) => one.words[0] === 'elements');
  return elements === undefined ? made : changeText(made, { name, block: elements.block, remove: false, text });
}

interface ElementText {
  readonly name: string;
  readonly block: readonly Statement[] | undefined;
  readonly remove: boolean;
  readonly text: string;
}
function changeText(table: FakeTable, { name, block = [], remove: isRemoval, text }: ElementText): FakeTable {
  const set = table.sets.get(name);
  if (set === undefined) throw absent(text);
  const elements = new Map(set.elements);
  for (const item of block
    .map((one) => one.text)
    .join(' ')
    .split(',')) {
    const [key = '', verdict = ''] = item.split(/ : /).map((part) => part.trim());
    if (key === '') continue;
    if (!isRemoval) elements.set(key, verdict);
    else if (!elements.delete(key)) throw absent(text);
  }
  return { ...table, sets: new Map(table.sets).set(name, { ...set, elements }) };
}

/** `table inet t`, `set inet t s`, `map inet t m`, `chain inet t c`, `ruleset`, `tables`. */
export function listFakeNft(tables: Tables, what: string): string {
  const [kind = '', family = '', tableName = '', name = ''] = what.split(' ');
  const title = (key: string): string => (key.includes(' ') ? key : `inet ${key}`);
  if (kind === 'tables') return [...tables.keys()].map((key) => `table ${title(key)}\n`).join('');
  if (kind === 'ruleset') return [...tables.keys()].map((key) => listFakeNft(tables, `table ${title(key)}`)).join('');
  const table = tables.get(family === 'inet' ? tableName : `${family} ${tableName}`);
  const wrap = (body: string): string => `table ${family} ${tableName} {\n${body}}\n`;
  if (table === undefined) throw absent(what);
  if (kind === 'table') {
    const sets = [...table.sets].map(([set, own]) => listSet(set, own));
    return wrap([...sets, ...[...table.chains].map(([chain, rules]) => listChain(chain, rules))].join(''));
  }
  const set = table.sets.get(name);
  if (kind === set?.kind) return wrap(listSet(name, set));
  const chain = table.chains.get(name);
  if (kind === 'chain' && chain !== undefined) return wrap(listChain(name, chain));
  throw absent(what);
}
