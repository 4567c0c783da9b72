/**
 * `groups.prefix-lists`: the entries of the managed prefix lists that rules name. EC2 pushes nothing: versions are asked
 * for as often as rules are read, one call for all lists, and entries only where a version is new.
 */
import type { Ec2, Ec2PrefixList } from '../../aws/port.ts';
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Log } from '../../daemon/log.ts';
import type { Clock } from '../../kube/clock.ts';

export type ListEntries =
  /** Sorted CIDRs. */
  | readonly string[]
  /** EC2 does not show the list: nothing matches it. */
  | 'gone'
  /** Not read yet, or EC2 does not answer: what was last known stands. */
  | 'unread';

export interface PrefixLists {
  entries(list: string): ListEntries;
  /** Why it could not be read when it was last tried. */
  trouble(list: string): CodedError | undefined;
  /** Reads those that were never tried. Throws nothing that EC2 says. */
  ensure(lists: readonly string[]): Promise<void>;
  /** These, and no others, are kept up to date. */
  want(lists: ReadonlySet<string>): void;
  /** Reads what has changed of those that are wanted; `afterMs`: again then. */
  poll(): Promise<{ readonly afterMs?: number }>;
  /** `wanted`: others are wanted than before; `read`: there is news of one. */
  onChange(listener: (change: 'wanted' | 'read') => void): () => void;
}

export interface PrefixListsOptions {
  readonly ec2: Pick<Ec2, 'prefixLists' | 'prefixListEntries'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly everyMs: () => number;
}

/** AWS's own lists bear no version, and change some times a year. */
const UNVERSIONED_MS = 300_000;

interface Known {
  readonly entries: ListEntries;
  readonly version?: number;
  readonly atMs: number;
  readonly trouble?: CodedError;
}

export function createPrefixLists({ ec2, clock, log, everyMs }: PrefixListsOptions): PrefixLists {
  const known = new Map<string, Known>();
  const listeners = new Set<(change: 'wanted' | 'read') => void>();
  let wanted: ReadonlySet<string> = new Set();

  const tell = (change: 'wanted' | 'read'): void => {
    for (const listener of listeners) listener(change);
  };
  const put = (list: string, next: Omit<Known, 'atMs'>): void => {
    const before = known.get(list);
    known.set(list, { ...next, atMs: clock.now() });
    const told = (each: Omit<Known, 'atMs'> | undefined): string =>
      JSON.stringify([each?.entries ?? 'unread', each?.trouble?.detail]);
    if (told(before) === told(next)) return;
    if (next.trouble === undefined) log.info({ list, entries: next.entries.length }, 'prefix list read');
    else log.warn({ list, error: next.trouble.detail }, 'prefix list not read');
    tell('read');
  };
  const failed = (list: string, error: unknown): void => {
    if (!(error instanceof CodedError)) throw error;
    const { trouble: _, atMs: __, ...before } = known.get(list) ?? { entries: 'unread', atMs: 0 };
    put(list, { ...before, trouble: unreadable(list, error) });
  };
  const readOne = async (list: string, found: Ec2PrefixList | undefined): Promise<void> => {
    if (found === undefined) {
      put(list, { entries: 'gone', trouble: unreadable(list, 'EC2 does not show it') });
      return;
    }
    const before = known.get(list);
    const isOld = found.version === undefined && clock.now() - (before?.atMs ?? 0) >= UNVERSIONED_MS;
    if (Array.isArray(before?.entries) && before.trouble === undefined && before.version === found.version && !isOld)
      return;
    const { version } = found;
    const entries = await ec2.prefixListEntries({ list, ...(version === undefined ? {} : { version }) });
    put(list, { entries: entries.toSorted(), ...(version === undefined ? {} : { version }) });
  };
  const read = async (lists: readonly string[]): Promise<void> => {
    if (lists.length === 0) return;
    let found: readonly Ec2PrefixList[];
    try {
      found = await ec2.prefixLists(lists);
    } catch (error) {
      for (const list of lists) failed(list, error);
      return;
    }
    const byId = new Map(found.map((each) => [each.id, each]));
    for (const list of lists) {
      await readOne(list, byId.get(list)).catch((error: unknown) => failed(list, error));
    }
  };

  return {
    entries: (list) => known.get(list)?.entries ?? 'unread',
    trouble: (list) => known.get(list)?.trouble,
    ensure: (lists) => read([...new Set(lists)].filter((list) => !known.has(list))),
    want(lists) {
      if (lists.size === wanted.size && [...lists].every((list) => wanted.has(list))) return;
      wanted = lists;
      tell('wanted');
    },
    async poll() {
      for (const list of known.keys()) if (!wanted.has(list)) known.delete(list);
      await read([...wanted].sort());
      return wanted.size === 0 ? {} : { afterMs: everyMs() };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const unreadable = (list: string, cause: unknown): CodedError =>
  new CodedError('prefix-list-unreadable', {
    detail: `${list}: ${cause instanceof CodedError ? cause.detail : describeError(cause)}`,
    cause,
  });
