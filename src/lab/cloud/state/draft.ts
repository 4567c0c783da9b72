/**
 * The cloud's state and a draft over it. A transition reads and writes a draft; the shell commits its changes or drops
 * it, so a call happens whole or not at all, and a dry run is a draft that is dropped.
 */
import { type TableName, type Tables, tableNames } from './tables.ts';

/** One value put, or taken away where there is no `value`. */
export type Change = {
  readonly [T in TableName]: { readonly table: T; readonly id: string; readonly value?: Tables[T] };
}[TableName];

export interface View {
  get<T extends TableName>(table: T, id: string): Tables[T] | undefined;
  /** In the order in which the values came to be. */
  all<T extends TableName>(table: T): Iterable<Tables[T]>;
}

export class State implements View {
  readonly #tables = new Map<TableName, Map<string, unknown>>(tableNames.map((name) => [name, new Map()]));

  #table<T extends TableName>(table: T): Map<string, Tables[T]> {
    return this.#tables.get(table) as Map<string, Tables[T]>;
  }

  get<T extends TableName>(table: T, id: string): Tables[T] | undefined {
    return this.#table(table).get(id);
  }

  all<T extends TableName>(table: T): Iterable<Tables[T]> {
    return this.#table(table).values();
  }

  /** How many things there are. */
  get size(): number {
    let size = 0;
    for (const table of this.#tables.values()) size += table.size;
    return size;
  }

  commit(changes: readonly Change[]): void {
    for (const { table, id, value } of changes) {
      if (value === undefined) this.#table(table).delete(id);
      else this.#table<TableName>(table).set(id, value);
    }
  }
}

export class Draft implements View {
  readonly #base: View;
  readonly #changes = new Map<string, Change>();

  constructor(base: View) {
    this.#base = base;
  }

  get<T extends TableName>(table: T, id: string): Tables[T] | undefined {
    const change = this.#changes.get(`${table}/${id}`);
    return change === undefined ? this.#base.get(table, id) : (change.value as Tables[T] | undefined);
  }

  /** What is put while this runs is not seen by it. */
  all<T extends TableName>(table: T): Iterable<Tables[T]> {
    const changed = new Map<string, Change>();
    for (const change of this.#changes.values()) if (change.table === table) changed.set(change.id, change);
    return changed.size === 0 ? this.#base.all(table) : this.#merged(table, changed);
  }

  *#merged<T extends TableName>(table: T, changed: Map<string, Change>): Generator<Tables[T]> {
    for (const value of this.#base.all(table)) {
      const change = changed.get(value.id);
      if (change === undefined) {
        yield value;
        continue;
      }
      changed.delete(value.id);
      if (change.value !== undefined) yield change.value as Tables[T];
    }
    for (const { value } of changed.values()) if (value !== undefined) yield value as Tables[T];
  }

  put<T extends TableName>(table: T, value: Tables[T]): void {
    this.#changes.set(`${table}/${value.id}`, { table, id: value.id, value } as Change);
  }

  remove(table: TableName, id: string): void {
    this.#changes.set(`${table}/${id}`, { table, id });
  }

  get changes(): readonly Change[] {
    return [...this.#changes.values()];
  }
}
